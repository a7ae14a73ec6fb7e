import * as tf from '@tensorflow/tfjs'
import { detached } from '../detach.ts'
import { smallestIn } from '../miners/extremes.ts'
import { defineLoss, type Comparison } from './loss.ts'
import type { Items } from '../reducers/reducer.ts'

const settings = {
  margin: {
    default: 0.2,
    unit: 'distance',
    reason: 'as the triplet loss; Chen et al. 2017 adapt it while training',
  },
  otherMargin: {
    default: 0.1,
    unit: 'distance',
    reason: 'the weaker of the two: Chen et al. 2017, section 3.2',
  },
} as const
const noMemory = 'its second term compares negatives of the batch among themselves'

/** Beyond the triplet: a pair of one person must lie nearer than any pair of two other people. */
export const quadruplet = defineLoss({
  id: 'quadruplet',
  name: 'Quadruplet',
  formula: 'max(0, d(i,j) − d(i,k) + m₁) + max(0, d(i,j) − d(l,k) + m₂), y_i = y_j; l, k, i of three people',
  source: 'Chen, Chen, Zhang, Huang 2017 (Beyond triplet loss), eq. 3',
  compares: 'embeddings',
  defaults: { distance: 'squared-euclidean', miner: 'all', reducer: 'mean' },
  noMemory,
  settings,
  items(comparison, { margin, otherMargin }) {
    const { distances, labelled, labels } = comparison
    const batch = labels.shape[0]
    if (batch > 48)
      throw new Error(`quadruplet compares batch⁴ distances: ${batch} is too many, use quadruplet-hard`)
    const pair = distances.reshape([batch, batch, 1]) //                   [i, j, 1]
    const others = distances.reshape([1, 1, batch * batch]) //             [1, 1, l·k]
    const weights = labelled.positive
      .expandDims(2)
      .mul(strangersOf(labelled.negative).reshape([batch, 1, batch * batch]))
    return [
      tripletTerm(comparison, margin),
      { losses: pair.sub(others).add(otherMargin).relu(), weights, labels },
    ]
  },
})

/** The same with the nearest pair of two other people only: batch³ instead of batch⁴, and no easy pairs to average away. */
export const quadrupletHard = defineLoss({
  id: 'quadruplet-hard',
  name: 'Quadruplet, nearest other pair',
  formula: 'max(0, d(i,j) − d(i,k) + m₁) + max(0, d(i,j) − min d(l,k) + m₂)',
  source:
    'after Chen, Chen, Zhang, Huang 2017, eq. 3; their own hard mining, section 3.3, adapts the margins',
  compares: 'embeddings',
  defaults: { distance: 'squared-euclidean', miner: 'batch-hard', reducer: 'mean' },
  noMemory,
  settings,
  items(comparison, { margin, otherMargin }) {
    const { distances, labelled, labels } = comparison
    const batch = labels.shape[0]
    const flat = distances.reshape([1, batch * batch]) as tf.Tensor2D
    const strangers = strangersOf(labelled.negative).reshape([batch, batch * batch])
    const nearest = detached<tf.Tensor2D>([flat], (d) =>
      smallestIn(d.tile([batch, 1]) as tf.Tensor2D, strangers),
    )
    const limit = nearest.mul(flat).sum(1, true) //                        [i, 1]
    const weights = labelled.positive.mul(detached([nearest], (n) => n.sum(1, true)))
    return [
      tripletTerm(comparison, margin),
      { losses: distances.sub(limit).add(otherMargin).relu(), weights, labels },
    ]
  },
})

function tripletTerm({ distances, triplets, labels }: Comparison, margin: number): Items {
  const chosen = triplets()
  const losses = chosen.anchorPositive(distances).sub(chosen.anchorNegative(distances)).add(margin).relu()
  return { losses, weights: chosen.weights, labels }
}

/** 1 where l and k are two different people and neither is i, [i, l, k]. */
function strangersOf(negative: tf.Tensor2D): tf.Tensor3D {
  return negative.expandDims(2).mul(negative.expandDims(1)).mul(negative.expandDims(0))
}
