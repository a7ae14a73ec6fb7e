import { drawStrangers, type TwoCovarianceModel } from '../../evaluation/virtual-strangers.ts'
import { random } from '../../learning/random.ts'
import { countedPeople } from '../../learning/samplers/drawn-people.ts'
import type { StrangersPart } from '../gate/strangers-line.ts'
import type { HeadRecipe } from './head/head-recipe.ts'
import { applyToRows } from './head/head.ts'
import type { Labelled } from './head/train-head.ts'
import { ascending, equalThreshold } from './judging/equal-threshold.ts'
import { pairedAmong, pairedWithStrangers, type Mapped } from './judging/pairing.ts'
import type { Strangers } from './people/strangers.ts'

/** What a run needs to know of strangers. */
interface Known {
  recipe: HeadRecipe
  threshold: number
  mixIn: Strangers | null
  strangersModel: TwoCovarianceModel | null
}

/** Virtual people who are mixed in: a thousand are told apart too soon to teach anything (`bench -- retrain --only recipes`). */
const virtualToTrain = 4000
const virtualToJudge = 1000

/** Those who are in no gallery: to be trained on, to set a threshold by, to judge by. Everybody in one role only. */
export interface RunStrangers {
  others: Labelled | null
  /** How much of the way that was trained beside these is gone. */
  blend: number
  inWords: string
  /** The threshold in use, and the one at which as many virtual strangers pass; without those, gallery people make it stricter, never laxer. */
  thresholds(all: Mapped, people: readonly number[]): StrangersPart['threshold']
  /** Virtual people who are nobody of the above; null without a model of strangers. */
  judging(): Strangers | null
}

export function strangersOfRun(run: Known, dimension: number): RunStrangers {
  const { recipe, strangersModel, threshold } = run
  const mixIn = run.mixIn && countedPeople(run.mixIn.people).withPairs >= 2 ? run.mixIn : null
  const drawn = (purpose: string, people: number, each: number): Strangers | null => {
    if (!strangersModel) return null
    const source = random(recipe.seed, 'virtual strangers', purpose)
    const found = drawStrangers(strangersModel, people, each, source.uniform)
    return { vectors: found.vectors, people: Int32Array.from(found.people) }
  }
  const toTrain = recipe.others === 0 ? null : (mixIn ?? drawn('training', virtualToTrain, 2))
  const forThreshold = drawn('threshold', virtualToJudge, 1)
  return {
    blend: toTrain && toTrain === mixIn ? recipe.blend : 1,
    others: toTrain && { vectors: toTrain.vectors, dimension, labels: toTrain.people },
    inWords: !toTrain
      ? 'nobody'
      : mixIn
        ? `${new Set(mixIn.people).size} people of cohorts that may be trained on`
        : `${virtualToTrain.toLocaleString('en')} virtual strangers`,
    thresholds: (all, people) => {
      const { impostor } = forThreshold ? pairedWith(all, people, forThreshold) : pairedAmong(all, people)
      const after = equalThreshold(ascending(impostor), threshold)
      // They were trained to be apart, as no stranger was: what they pass at less is no reason to be laxer.
      return { before: threshold, after: forThreshold ? after : Math.min(threshold, after) }
    },
    judging: () => drawn('judging', virtualToJudge, 1),
  }
}

/** Held-out photographs of `people`, and strangers under both models. */
export function pairedWith(all: Mapped, people: readonly number[], { vectors, people: whose }: Strangers) {
  const after = applyToRows(vectors, all.set.dimension, all.head)
  return pairedWithStrangers(all, people, { before: vectors, after, people: whose })
}
