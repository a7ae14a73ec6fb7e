import type { TwoCovarianceModel } from '../../src-main/evaluation/virtual-strangers.ts'
import {
  missedUnder,
  setAside,
  stepToStopAt,
} from '../../src-main/training/gallery-run/judging/early-stop.ts'
import type { Head } from '../../src-main/training/gallery-run/head/head.ts'
import type { HeadRecipe } from '../../src-main/training/gallery-run/head/head-recipe.ts'
import type { Strangers } from '../../src-main/training/gallery-run/people/strangers.ts'
import { strangersOfRun } from '../../src-main/training/gallery-run/run-strangers.ts'
import { trainHead, type TrainHeadOptions } from '../../src-main/training/gallery-run/head/train-head.ts'
import type { TrainingSet } from '../../src-main/training/gallery-run/people/training-set.ts'
import type { OpenRunner } from '../../src-main/training/step-runner.ts'
import { labelled, strangersOf, type Fold, type Protocol } from './retrain-protocol.ts'

/** Who is mixed in: people with two to seven photographs, or virtual strangers fitted to these, or nobody. */
export type Mixing = 'people' | 'virtual' | 'nobody'

/**
 * The candidate of a run under the protocol: when to stop, by photographs set aside of the five that train; then trained
 * on all five. The folds of a run, which only judge, are left out: the protocol judges.
 */
export async function candidateOf(
  protocol: Protocol,
  fold: Fold,
  mixing: Mixing,
  usual: HeadRecipe,
  openRunner: OpenRunner,
): Promise<{ head: Head; stoppedAt: number; seconds: number }> {
  const recipe = mixing === 'nobody' ? { ...usual, others: 0 } : usual
  const set = setOf(protocol)
  const { vectors, labels: people } = labelled(protocol.faces, fold.mixable)
  const mixIn: Strangers | null = mixing === 'people' ? { vectors, people } : null
  const strangersModel: TwoCovarianceModel | null =
    mixing === 'virtual' ? strangersOf(protocol.faces, fold) : null
  const { others, blend } = strangersOfRun({ recipe, mixIn, strangersModel, threshold: 0 }, set.dimension)
  const started = process.cpuUsage()
  const train = async (
    training: TrainingSet,
    options: TrainHeadOptions,
    look?: (step: number, head: Head) => void,
  ) => {
    const own = labelled(
      { vectors: training.vectors, dimension: training.dimension, rows: [] },
      training.training,
    )
    const running = trainHead(own, others, recipe, openRunner, { ...options, blend })
    for (;;) {
      const { value, done } = await running.next()
      if (done) return value
      if (value.head) look?.(value.step.step, value.head)
    }
  }
  const aside = setAside(set)!
  const seen: { step: number; missed: number }[] = []
  await train(aside, { headEvery: Math.ceil(recipe.steps / 10) }, (step, head) =>
    seen.push({ step, ...missedUnder(aside, head, 1e-4) }),
  )
  const stoppedAt = stepToStopAt(seen, recipe.steps)
  const head = await train(set, { until: stoppedAt })
  const { user, system } = process.cpuUsage(started)
  return { head, stoppedAt, seconds: (user + system) / 1e6 }
}

/** The five of each person that enrol and train, and nobody else. */
function setOf({ faces, enrolled }: Protocol): TrainingSet {
  const { vectors, dimension, labels: owners } = labelled(faces, enrolled)
  const training = enrolled.map(() => [] as number[])
  for (const [row, person] of owners.entries()) training[person]!.push(row)
  return {
    vectors,
    dimension,
    people: enrolled.map((_, person) => person + 1),
    owners,
    training,
    heldOut: enrolled.map(() => []),
  }
}
