import type * as tf from '@tensorflow/tfjs'
import type { Triplets } from '../miners/triplets.ts'
import { defineLoss, type Comparison } from './loss.ts'

const swap = {
  default: false,
  unit: '',
  reason: 'Balntas et al. 2016: when true, d(a,n) is the smaller of d(a,n) and d(p,n)',
} as const

export const triplet = defineLoss({
  id: 'triplet',
  name: 'Triplet',
  formula: 'max(0, d(a,p) − d(a,n) + m)',
  source: 'Schroff, Kalenichenko, Philbin 2015, eq. 3',
  compares: 'embeddings',
  defaults: { distance: 'squared-euclidean', miner: 'facenet-semi-hard', reducer: 'mean' },
  settings: {
    margin: { default: 0.2, unit: 'distance', reason: 'Schroff et al. 2015, on the squared distance' },
    swap,
  },
  items(comparison, { margin, swap }) {
    const triplets = comparison.triplets()
    const violation = gap(comparison, triplets, swap).add(margin).relu()
    return [{ losses: violation, weights: triplets.weights, labels: comparison.labels }]
  },
})

/** Goes on pulling and pushing after the margin is reached, ever more gently. */
export const tripletSoftMargin = defineLoss({
  id: 'triplet-soft-margin',
  name: 'Triplet with soft margin',
  formula: 'log(1 + exp(d(a,p) − d(a,n) + m))',
  source: 'Hermans, Beyer, Leibe 2017, section 2 "soft margin", there with m = 0',
  compares: 'embeddings',
  defaults: { distance: 'euclidean', miner: 'batch-hard', reducer: 'mean' },
  settings: { margin: { default: 0, unit: 'distance', reason: 'Hermans et al. 2017' }, swap },
  items(comparison, { margin, swap }) {
    const triplets = comparison.triplets()
    const losses = gap(comparison, triplets, swap).add(margin).softplus()
    return [{ losses, weights: triplets.weights, labels: comparison.labels }]
  },
})

/** d(a,p) − d(a,n), in the shape of the triplets' weights. */
function gap(comparison: Comparison, triplets: Triplets, swap: boolean): tf.Tensor {
  const toPositive = triplets.anchorPositive(comparison.distances)
  const toNegative = triplets.anchorNegative(comparison.distances)
  if (!swap) return toPositive.sub(toNegative)
  const betweenOthers = triplets.positiveNegative(comparison.referenceDistances())
  // min(x, y) as x − max(0, x − y): TensorFlow.js has no gradient of a minimum whose sides broadcast.
  const nearer = toNegative.sub(toNegative.sub(betweenOthers).relu())
  return toPositive.sub(nearer)
}
