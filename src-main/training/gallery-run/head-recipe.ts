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

export const defaultHeadRecipe: HeadRecipe = {
  depth: 'head',
  loss: { id: 'triplet', settings: { margin: 0.15 }, miner: 'facenet-semi-hard' }, // squared distance; 0.2 of Schroff et al. 2015 is for a net from scratch
  distillation: 3, // what kept strangers out when this was first measured (the design's table)
  steps: 300,
  learningRate: 3e-4, // 1e-3 gains a little more on the gallery and less on strangers
  warmUpSteps: 20,
  people: 16,
  photographs: 4, // a third of them is genuine pairs enough, and few people have more
  others: 16,
  seed: 1,
}
