import { cosineDistance, cosineSimilarityDistance } from './distances/cosine.ts'
import type { Distance } from './distances/distance.ts'
import { dotProductDistance } from './distances/dot-product.ts'
import { euclideanDistance } from './distances/euclidean.ts'
import { mahalanobisDistance } from './distances/mahalanobis.ts'
import { signalToNoiseDistance } from './distances/signal-to-noise.ts'
import { squaredEuclideanDistance } from './distances/squared-euclidean.ts'
import { amSoftmax, arcFace, cosFace, subCenterArcFace } from './losses/additive-margin.ts'
import { angular, angularTriplet } from './losses/angular.ts'
import { binomialDeviance } from './losses/binomial-deviance.ts'
import { center } from './losses/center.ts'
import { circle, circleOfClasses } from './losses/circle.ts'
import { clustering } from './losses/clustering.ts'
import { composeLoss, type ComposedLoss, type Parts } from './losses/composed-loss.ts'
import type { Choice } from './losses/part.ts'
import { contrastiveLinear } from './losses/contrastive-linear.ts'
import { contrastive } from './losses/contrastive.ts'
import { fastAp } from './losses/fast-ap.ts'
import { intraPairVariance } from './losses/intra-pair-variance.ts'
import { generalisedLiftedStructure, liftedStructure } from './losses/lifted-structure.ts'
import type { Loss, Sizes } from './losses/loss.ts'
import { largeMarginNearestNeighbour } from './losses/manifold.ts'
import { marginLoss } from './losses/margin.ts'
import { multiSimilarity } from './losses/multi-similarity.ts'
import { aSoftmax, largeMarginSoftmax } from './losses/multiplied-angle.ts'
import { nPair } from './losses/n-pair.ts'
import { nca, ncaLog } from './losses/nca.ts'
import { ntXent } from './losses/nt-xent.ts'
import { proxyAnchor } from './losses/proxy-anchor.ts'
import { proxyNca, proxyNcaSoftmax } from './losses/proxy-nca.ts'
import { quadruplet, quadrupletHard } from './losses/quadruplet.ts'
import { rankedList } from './losses/ranked-list.ts'
import { softTriple } from './losses/soft-triple.ts'
import { l2Softmax, normFace, softmax } from './losses/softmax.ts'
import { supervisedContrastive } from './losses/supervised-contrastive.ts'
import { thresholdConsistentMargin } from './losses/threshold-consistent-margin.ts'
import { tripletCenter, tripletCenterBatch } from './losses/triplet-center.ts'
import { triplet, tripletSoftMargin } from './losses/triplet.ts'
import { tupletMargin } from './losses/tuplet-margin.ts'
import { all } from './miners/all.ts'
import { angularMiner } from './miners/angular.ts'
import { batchEasyHard } from './miners/batch-easy-hard.ts'
import { batchHard } from './miners/batch-hard.ts'
import { distanceWeighted } from './miners/distance-weighted.ts'
import { facenetSemiHard } from './miners/facenet-semi-hard.ts'
import { hardPairs } from './miners/hard-pairs.ts'
import {
  easyOutsideMargin,
  hardInsideMargin,
  insideMargin,
  semiHardInsideMargin,
} from './miners/inside-margin.ts'
import type { Miner } from './miners/miner.ts'
import { multiSimilarityMiner } from './miners/multi-similarity.ts'
import { pairMargin } from './miners/pair-margin.ts'
import { classWeighted } from './reducers/class-weighted.ts'
import { mean, meanOfNonZero } from './reducers/mean.ts'
import type { Reducer } from './reducers/reducer.ts'
import { sum } from './reducers/sum.ts'
import { threshold } from './reducers/threshold.ts'
import { distillation, similarityDistillation } from './regularisers/distillation.ts'
import { lp } from './regularisers/lp.ts'
import { regularFace } from './regularisers/regular-face.ts'
import type { Regulariser } from './regularisers/regulariser.ts'
import { zeroMean } from './regularisers/zero-mean.ts'

/** Every loss, in the order a list shows them: between embeddings first, then against classes. */
export const losses: readonly Loss[] = [
  triplet,
  tripletSoftMargin,
  tripletCenterBatch,
  quadruplet,
  quadrupletHard,
  contrastive,
  contrastiveLinear,
  binomialDeviance,
  nPair,
  liftedStructure,
  generalisedLiftedStructure,
  nca,
  ncaLog,
  marginLoss,
  angular,
  angularTriplet,
  multiSimilarity,
  circle,
  clustering,
  largeMarginNearestNeighbour,
  ntXent,
  supervisedContrastive,
  tupletMargin,
  intraPairVariance,
  fastAp,
  rankedList,
  thresholdConsistentMargin,
  softmax,
  normFace,
  l2Softmax,
  largeMarginSoftmax,
  aSoftmax,
  amSoftmax,
  cosFace,
  arcFace,
  subCenterArcFace,
  circleOfClasses,
  proxyNca,
  proxyNcaSoftmax,
  proxyAnchor,
  softTriple,
  center,
  tripletCenter,
]

export const distances: readonly Distance[] = [
  euclideanDistance,
  squaredEuclideanDistance,
  cosineDistance,
  cosineSimilarityDistance,
  dotProductDistance,
  mahalanobisDistance,
  signalToNoiseDistance,
]

export const miners: readonly Miner[] = [
  all,
  facenetSemiHard,
  semiHardInsideMargin,
  hardInsideMargin,
  insideMargin,
  easyOutsideMargin,
  batchHard,
  batchEasyHard,
  distanceWeighted,
  multiSimilarityMiner,
  pairMargin,
  angularMiner,
  hardPairs,
]

export const reducers: readonly Reducer[] = [mean, meanOfNonZero, sum, threshold, classWeighted]

export const regularisers: readonly Regulariser[] = [
  lp,
  zeroMean,
  regularFace,
  distillation,
  similarityDistillation,
]

/** What may be chosen beside a loss; what is left out is the loss's own default. */
export interface LossOptions extends Partial<Sizes> {
  /** Needed by losses and distances that learn. */
  embeddingLength?: number
  /** Needed by losses against classes; labels are then 0 … classes − 1. */
  classes?: number
  settings?: Choice['settings']
  distance?: string | Choice
  miner?: string | Choice
  reducer?: string | Choice
  /** Whether embeddings are scaled to unit length before they are compared; the distance's own default where left out. */
  unitLength?: boolean
  regularisers?: readonly (Choice & { weight: number })[]
}

/**
 * A loss of the catalogue, or one of your own, composed with distance, miner and reducer. Throws a sentence where a
 * name is unknown, a setting is wrong, or two parts do not go together.
 */
export function createLoss(loss: string | Loss, options: LossOptions = {}): ComposedLoss {
  const described = typeof loss === 'string' ? find('loss', losses, loss) : loss
  const defaults: { distance?: string; miner?: string; reducer: string } = described.defaults
  const parts: Parts = {
    loss: described,
    settings: options.settings ?? {},
    reducer: part('reducer', reducers, options.reducer ?? defaults.reducer),
    regularisers: (options.regularisers ?? []).map(({ weight, ...choice }) => ({
      weight,
      ...part('regulariser', regularisers, choice),
    })),
  }
  if (described.compares === 'embeddings') {
    const distance = part('distance', distances, options.distance ?? defaults.distance!)
    const miner = part('miner', miners, options.miner ?? defaults.miner!)
    parts.comparing = {
      distance,
      unitLength: options.unitLength,
      miner,
      minerDistance: miner.described.distance
        ? part('distance', distances, miner.described.distance)
        : undefined,
      minerAsked: options.miner !== undefined,
    }
  } else if (
    options.distance !== undefined ||
    options.miner !== undefined ||
    options.unitLength !== undefined
  ) {
    throw new Error(
      `${described.id} compares with classes by a formula of its own: it takes no distance and no miner`,
    )
  }
  return composeLoss(parts, { classes: options.classes ?? 0, embeddingLength: options.embeddingLength ?? 0 })
}

function part<Kind extends { id: string }>(what: string, known: readonly Kind[], choice: string | Choice) {
  const { id, settings } = typeof choice === 'string' ? { id: choice, settings: {} } : choice
  return { described: find(what, known, id), settings: settings ?? {} }
}

function find<Kind extends { id: string }>(what: string, known: readonly Kind[], id: string): Kind {
  const found = known.find((one) => one.id === id)
  if (!found)
    throw new Error(`no ${what} is called ${id}; there are ${known.map((one) => one.id).join(', ')}`)
  return found
}
