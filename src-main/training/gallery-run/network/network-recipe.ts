import type { LossOptions } from '../../../learning/catalogue.ts'
import { faceAugmentation, type Augmentation } from '../../feeding/augmentation.ts'

/** What the last stage, or the whole network, is trained by: everything that decides its numbers, beside the photographs. */
export interface NetworkRecipe {
  depth: 'stage' | 'all'
  loss: Pick<LossOptions, 'settings' | 'distance' | 'miner' | 'reducer'> & { id: string }
  /** Weight of staying near the similarities that the model in use sees; 0 leaves it out. */
  distillation: number
  steps: number
  learningRate: number
  warmUpSteps: number
  /** Gallery people in a batch, and photographs of each. */
  people: number
  photographs: number
  /** People of cohorts that may be trained on, two photographs of each. Where there are none, gallery people take their places. */
  others: number
  augmentation: Augmentation
  /** How much of the way from the model in use to the trained weights is gone in the end: 1 is all of it (Wortsman et al. 2022). */
  blend: number
  /** Depth stage: changed versions of each photograph whose maps below the stage are computed once and kept. */
  versions: number
  /**
   * People-disjoint folds where no cohort judges. Each costs a whole training, so two, where a head has five: everybody
   * is still judged once by a network that never saw them. Such a network learned from half of the people, which makes
   * it worse for strangers than the last one, not better: the error is on the safe side.
   */
  folds: number
  seed: number
}

const shared = {
  loss: { id: 'triplet', settings: { margin: 0.15 }, miner: 'facenet-semi-hard' }, // squared distance; smaller than Schroff's 0.2, as the net is trained already
  distillation: 3, // what kept strangers out when this was first measured (the design's table)
  people: 16,
  photographs: 3,
  others: 8,
  augmentation: { ...faceAugmentation, scale: 0.12 }, // the pipeline's wider cut shows 1.12 of the standard side
  blend: 0.5, // the first half of the way gives the gallery most of it and strangers all; the second half costs strangers
  folds: 2,
  seed: 1,
}

export const defaultNetworkRecipe: Record<NetworkRecipe['depth'], NetworkRecipe> = {
  stage: {
    ...shared,
    depth: 'stage',
    steps: 300,
    learningRate: 3e-5, // at 1e-4 the embedding collapses before it recovers
    warmUpSteps: 30,
    versions: 6, // from the seventh on a photograph is hardly new to the net
  },
  all: {
    ...shared,
    depth: 'all',
    steps: 300, // half of what thousands of people were trained with: a gallery has hundreds of photographs
    learningRate: 1e-5, // at 3e-5 so short a training loses strangers (LFW, a fold of 662 people: TAR at FMR 1e-3 −1.9 points; here +0.6)
    blend: 0.3, // at half of the way strangers among themselves are not better (−0.2 points), at 0.3 they are
    warmUpSteps: 30,
    versions: 0,
  },
}
