import type { LossOptions } from '../../../learning/catalogue.ts'

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
  /**
   * How much of the way from the model in use to the trained head is gone in the end, where people are mixed in: 1 is all
   * of it (Wortsman et al. 2022, of a linear map). Beside virtual strangers, or nobody, all of it is gone.
   */
  blend: number
  seed: number
}

/** Chosen by `npm run bench -- retrain --only recipes`; what that measured is in `test/benchmark/retrain-results.md`. */
export const defaultHeadRecipe: HeadRecipe = {
  depth: 'head',
  // Squared distance. FaceNet's semi-hard triplets gain as much and take twenty times as long in a batch of this size.
  loss: { id: 'triplet', settings: { margin: 0.3 }, miner: 'batch-hard' },
  distillation: 20, // without it strangers pass by a quarter more often; 5 gains less where strangers are virtual
  steps: 200, // 100 are too few where strangers are virtual, 400 cost strangers
  learningRate: 1e-3, // 3e-4 is not there yet; 3e-3 gains as much on the gallery and less on strangers
  warmUpSteps: 20,
  people: 32, // of a small gallery all: the nearest of sixteen teach half as much where strangers are virtual
  photographs: 3, // few people have more, and more of each crowds the others out of the batch
  others: 64, // twice as many as gallery people: what keeps strangers apart
  blend: 0.8, // the last part gives the gallery little and costs strangers; beside virtual strangers it costs the gallery alone
  seed: 1,
}
