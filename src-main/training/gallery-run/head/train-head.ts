import { createLoss } from '../../../learning/catalogue.ts'
import { initialParameters, type Values } from '../../../learning/networks/initialise.ts'
import { linearMap } from '../../../learning/networks/linear-map.ts'
import type { Network } from '../../../learning/networks/network.ts'
import { adamW } from '../../../learning/optimisers/adam.ts'
import { countedPeople, drawnPeople } from '../../../learning/samplers/drawn-people.ts'
import { peopleAndPhotographs } from '../../../learning/samplers/people-and-photographs.ts'
import type { Sampler } from '../../../learning/samplers/sampler.ts'
import { cosine, warmUp } from '../../../learning/schedules/learning-rate.ts'
import { lossObjective } from '../../../learning/step/loss-objective.ts'
import { trainingStep } from '../../../learning/step/training-step.ts'
import type { Feed } from '../../feeding/feed.ts'
import { objectiveInputs } from '../../objective-inputs.ts'
import type { OpenRunner, StepRunner } from '../../step-runner.ts'
import { train, type TrainingEvent } from '../../trainer.ts'
import type { HeadRecipe } from './head-recipe.ts'
import { partOfTheWay, type Head } from './head.ts'

/** Whose embedding each row is. Labels are any numbers; equal where the person is. */
export interface Labelled {
  vectors: Float32Array // rows × dimension, unit length
  dimension: number
  labels: Int32Array
}

/** The network that is trained: a map from the embedding to the embedding, the identity to begin with. */
export function headNetwork(dimension: number): Network {
  return linearMap({
    featuresLength: dimension,
    embeddingLength: dimension,
    initialiser: { kind: 'identity' },
  })
}

/** Strangers who were taken for somebody, one photograph each; `takenFor` is that person's label. */
export interface WronglyAccepted {
  vectors: Float32Array // rows × dimension, unit length
  takenFor: Int32Array
}

export interface TrainHeadOptions {
  /** Stops after so many steps of the recipe's schedule. */
  until?: number
  /** Gives the head itself at every so many-th step, and at the last. */
  headEvery?: number
  wronglyAccepted?: WronglyAccepted | null
  /** How much of the way that was trained is gone in the heads that are given; all of it unless said. */
  blend?: number
}

export interface HeadStep {
  step: Extract<TrainingEvent, { kind: 'step' }>
  head: Head | null
}

/**
 * Trains a head over embeddings, through the same step that trains whole networks. Gives the steps, and the head at the
 * end. Throws a sentence where fewer than two people have two photographs, a part is unknown, or the loss is no number.
 * @param others people who are not in the gallery, mixed in so that they are kept apart too; null mixes nobody in
 */
export async function* trainHead(
  own: Labelled,
  others: Labelled | null,
  recipe: HeadRecipe,
  openRunner: OpenRunner,
  { until = recipe.steps, headEvery = Infinity, wronglyAccepted = null, blend = 1 }: TrainHeadOptions = {},
): AsyncGenerator<HeadStep, Head> {
  const { dimension } = own
  const network = headNetwork(dimension)
  const mixed = mixedFeed(own, recipe.others > 0 ? others : null, wronglyAccepted, recipe)
  const { id, ...options } = recipe.loss
  const sizes = { classes: mixed.feed.classes.length, embeddingLength: dimension }
  const loss = createLoss(id, {
    ...options,
    ...sizes,
    regularisers:
      recipe.distillation > 0 ? [{ id: 'similarity-distillation', weight: recipe.distillation }] : [],
  })
  const objective = lossObjective(loss, { ...sizes, referenceLength: dimension })
  const { steps, warmUpSteps, learningRate, seed } = recipe
  const main = cosine(learningRate, Math.max(1, steps - warmUpSteps))
  // No weight decay: it would pull the map to nothing, not to what it was.
  const step = trainingStep({
    network,
    objective,
    optimiser: adamW(),
    clipNorm: 5,
    objectiveLearningRate: 10,
  })
  const headIn = (values: Values): Head => partOfTheWay(values[network.parameters[0]!.name]!, blend)
  let runner: StepRunner | null = null
  const running = train({
    phases: [{ fromStep: 0, step }],
    steps: until,
    schedule: warmUpSteps > 0 ? warmUp(warmUpSteps, main) : main,
    feed: mixed.feed,
    openRunner: async (...opened) => (runner = await openRunner(...opened)),
    start: {
      parameters: {
        ...initialParameters(objective.parameters, seed),
        ...initialParameters(network.parameters, seed),
      },
      statistics: {},
    },
    objectiveInputs: objectiveInputs({
      objective,
      batchSize: mixed.feed.batchSize,
      seed,
      reference: mixed.vectors,
    }),
    settings: JSON.stringify(recipe),
  })
  for (;;) {
    const { value, done } = await running.next()
    if (done) return headIn(value.parameters)
    if (value.kind !== 'step') continue
    const looked = value.step % headEvery === 0 || (Number.isFinite(headEvery) && value.step === until)
    yield { step: value, head: looked ? headIn(step.finish(await runner!.state()).parameters) : null }
  }
}

/** Gallery and other people side by side in each batch: the many others must not crowd the few out. */
function mixedFeed(
  own: Labelled,
  others: Labelled | null,
  wronglyAccepted: WronglyAccepted | null,
  recipe: HeadRecipe,
): { feed: Feed; vectors: Float32Array } {
  const { dimension } = own
  const ownRows = own.labels.length
  const vectors = joined([own.vectors, others?.vectors, wronglyAccepted?.vectors])
  const names = new Map<string, number>()
  const label = (name: string) => {
    if (!names.has(name)) names.set(name, names.size)
    return names.get(name)!
  }
  const ownLabels = Int32Array.from(own.labels, (person) => label(`own ${person}`))
  const otherLabels = Int32Array.from(others?.labels ?? [], (person) => label(`other ${person}`))
  const accepted = Int32Array.from(wronglyAccepted?.takenFor ?? [], (_, i) => label(`accepted ${i}`))
  const labels = Int32Array.from([...ownLabels, ...otherLabels, ...accepted])

  const samplers: { sampler: Sampler; from: number }[] = [
    { sampler: samplerOf(ownLabels, recipe.people, recipe.photographs, recipe.seed), from: 0 },
  ]
  if (others) samplers.push({ sampler: samplerOf(otherLabels, recipe.others, 2, recipe.seed), from: ownRows })
  if (accepted.length > 0)
    samplers.push({
      sampler: besideWhomTheyWereTakenFor(wronglyAccepted!.takenFor, own.labels, labels),
      from: 0,
    })
  const batchSize = samplers.reduce((sum, { sampler }) => sum + sampler.batchSize, 0)
  return {
    vectors,
    feed: {
      batchSize,
      stepsPerEpoch: samplers[0]!.sampler.stepsPerEpoch,
      classes: [...names.keys()],
      async batch(step) {
        const indices = samplers.flatMap(({ sampler, from }) => sampler.batch(step).map((row) => row + from))
        const images = new Float32Array(batchSize * dimension)
        for (const [place, row] of indices.entries())
          images.set(vectors.subarray(row * dimension, (row + 1) * dimension), place * dimension)
        return { images, labels: Int32Array.from(indices, (row) => labels[row]!), indices }
      },
      close: async () => {},
    },
  }
}

/** A stranger taken for somebody is told from that person only beside them: each brings two of their photographs along. */
function besideWhomTheyWereTakenFor(takenFor: Int32Array, ownLabels: Int32Array, all: Int32Array): Sampler {
  const each = Math.min(mostAccepted, takenFor.length)
  const first = all.length - takenFor.length
  const rowsOf = (person: number) => [...ownLabels.keys()].filter((row) => ownLabels[row] === person)
  const beside = Array.from(takenFor, rowsOf)
  return {
    batchSize: 3 * each,
    stepsPerEpoch: Math.ceil(takenFor.length / each),
    batch: (step) =>
      Array.from({ length: each }, (_, k) => (step * each + k) % takenFor.length).flatMap((i) => {
        const rows = beside[i]!
        return [first + i, rows[step % rows.length]!, rows[(step + 1) % rows.length]!]
      }),
  }
}

const mostAccepted = 4 // in a batch, by turns: a few examples must not outweigh the gallery

function joined(parts: readonly (Float32Array | undefined)[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + (part?.length ?? 0), 0))
  let at = 0
  for (const part of parts) {
    if (part) all.set(part, at)
    at += part?.length ?? 0
  }
  return all
}

/** Throws a sentence where fewer than two people have two photographs. */
function samplerOf(labels: Int32Array, wished: number, photographs: number, seed: number): Sampler {
  const counted = countedPeople(labels)
  const drawn = drawnPeople(wished, counted)
  if (!drawn)
    throw new Error(
      `Two people with two photographs to train on are the least; there ${counted.withPairs === 1 ? 'is one' : 'are none'}.`,
    )
  return peopleAndPhotographs({ labels, ...drawn, photographs, seed })
}
