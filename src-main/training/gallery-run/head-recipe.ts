import type { LossOptions } from '../../learning/catalogue.ts'

/** What a head is trained by: everything that decides its numbers, beside the photographs. */
export interface HeadRecipe {
  depth: 'head'
  loss: Pick<LossOptions, 'settings' | 'distance' | 'miner' | 'reducer'> & { id: string }
  /** Weight of staying near the similarities that the model in use sees; 0 leaves it out. */
  distillation: number
  steps: number
  learningRate: number
  warmUpSteps: number
  /** Gallery people in a batch, and photographs of each. */
  people: number
  photographs: number
  /** Other people in a batch, two photographs of each; none are mixed in where it is 0. */
  others: number
  seed: number
}

/** Chosen by `npm run bench -- retrain --only recipes`. */
export const defaultHeadRecipe: HeadRecipe = {
  depth: 'head',
  loss: { id: 'triplet', settings: { margin: 0.3 }, miner: 'batch-hard' }, // squared distance
  distillation: 10, // less lets strangers in, more is no worse
  steps: 200,
  learningRate: 1e-3, // 3e-3 gains as much on the gallery and nothing on strangers
  warmUpSteps: 20,
  people: 16,
  photographs: 4, // a third of them is genuine pairs enough, and few people have more
  others: 48, // twice or three times as many as gallery people: what keeps strangers apart
  seed: 1,
}
