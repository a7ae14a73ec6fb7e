import type { LossOptions } from '../learning/catalogue.ts'
import { kochSiamese, type KochSiameseSettings } from '../learning/networks/koch-siamese.ts'
import { mobileFaceNet, type MobileFaceNetSettings } from '../learning/networks/mobile-face-net.ts'
import type { Depth, Network } from '../learning/networks/network.ts'
import { nn4Small } from '../learning/networks/nn4-small.ts'
import { recognitionNet } from '../learning/networks/recognition-net.ts'
import { smallResNet, type SmallResNetSettings } from '../learning/networks/small-res-net.ts'
import { adam, adamW } from '../learning/optimisers/adam.ts'
import type { Optimiser } from '../learning/optimisers/optimiser.ts'
import { sgd } from '../learning/optimisers/sgd.ts'
import { constant, cosine, steps, warmUp, type Schedule } from '../learning/schedules/learning-rate.ts'
import type { DataSetDescription } from './data-sets/open-data-set.ts'
import type { Augmentation } from './feeding/augmentation.ts'
import type { SamplerDescription } from './feeding/feed.ts'

/** A training run in plain words: what a process is started with, and what a report begins with. */
export interface RunDescription {
  dataSet: DataSetDescription
  /** Only these classes, where given: the others are held out. */
  classes?: readonly string[]
  network: NetworkDescription
  /** Where the parameters come from: drawn by the seed, face-api's model folder, or a file of an earlier run. */
  from: { kind: 'scratch' } | { kind: 'pretrained'; folder: string } | { kind: 'file'; file: string }
  depth: Depth
  /** Opens one more stage, from the head down to the depth, every so many steps; all at once where left out. */
  unfreezeEverySteps?: number
  loss: Omit<LossOptions, 'classes' | 'embeddingLength'> & { id: string }
  /** Places of a cross-batch memory. */
  memory?: { size: number; weight?: number }
  optimiser: OptimiserDescription
  sampler: SamplerDescription
  augmentation: Augmentation
  epochs: number
  seed: number
}

export type NetworkDescription =
  | { name: 'recognition' }
  | ({ name: 'mobile-face-net' } & MobileFaceNetSettings)
  | ({ name: 'small-res-net' } & SmallResNetSettings)
  | { name: 'nn4-small'; sidePx?: number; embeddingLength?: number }
  | ({ name: 'koch-siamese' } & KochSiameseSettings)

/** The network that is described. */
export function networkOf(description: NetworkDescription): Network {
  switch (description.name) {
    case 'recognition':
      return recognitionNet()
    case 'mobile-face-net':
      return mobileFaceNet(description)
    case 'small-res-net':
      return smallResNet(description)
    case 'nn4-small':
      return nn4Small(description)
    case 'koch-siamese':
      return kochSiamese(description)
  }
}

export interface OptimiserDescription {
  name: 'adamw' | 'adam' | 'sgd'
  learningRate: number
  schedule: 'cosine' | 'constant' | { tenthAtEpochs: readonly number[] }
  warmUpSteps: number
  weightDecay: number
  clipNorm: number | null
  /** Multiple of the learning rate for what the loss itself learns. */
  lossLearningRate: number
}

/** Defaults that trained every network here from scratch without care. */
export const defaultOptimiser: OptimiserDescription = {
  name: 'adamw',
  learningRate: 1e-3,
  schedule: 'cosine',
  warmUpSteps: 50,
  weightDecay: 0.01, // Loshchilov and Hutter 2019 tune it; this is the value they start from
  clipNorm: 5,
  lossLearningRate: 10,
}

/** The optimiser that is described. */
export function optimiserOf({ name }: OptimiserDescription): Optimiser {
  return name === 'adamw' ? adamW() : name === 'adam' ? adam() : sgd()
}

/** The learning rate that is described, over a run of so many steps. */
export function scheduleOf(
  { learningRate, schedule, warmUpSteps }: OptimiserDescription,
  totalSteps: number,
  stepsPerEpoch: number,
): Schedule {
  const after = Math.max(1, totalSteps - warmUpSteps)
  const main =
    schedule === 'cosine'
      ? cosine(learningRate, after)
      : schedule === 'constant'
        ? constant(learningRate)
        : steps(
            learningRate,
            schedule.tenthAtEpochs.map((epoch) => epoch * stepsPerEpoch - warmUpSteps),
          )
  return warmUpSteps > 0 ? warmUp(warmUpSteps, main) : main
}
