import * as tf from '@tensorflow/tfjs'
import { places } from '../one-hot.ts'
import { defineMiner } from './miner.ts'

/**
 * Draws, for each anchor and positive, a negative evenly over distance: on a sphere of many dimensions nearly all
 * points lie √2 apart, and drawing evenly over points would see no others.
 */
export const distanceWeighted = defineMiner({
  id: 'distance-weighted',
  name: 'Distance-weighted sampling',
  formula: 'P(n | a) ∝ 1 / q(d(a,n)), q(d) = d^(l−2) (1 − d²/4)^((l−3)/2), d ≥ cutoff, d < farthest',
  source: 'Wu, Manmatha, Smola, Krähenbühl 2017, section 4',
  selection: 'negative per pair',
  distance: 'euclidean',
  needsRandom: true,
  settings: {
    cutoff: { default: 0.5, unit: 'distance', reason: 'Wu et al. 2017: nearer ones are noise' },
    farthest: {
      default: 1.4,
      unit: 'distance',
      reason: 'Wu et al. 2017, their code: farther ones add no loss',
    },
  },
  select({ distances, positive, negative, anchors, random }, { cutoff, farthest }) {
    const probability = distanceWeights(distances, negative, anchors.shape[1], cutoff, farthest)
    const references = probability.shape[1]
    const place = places(references)
    const upTo = place.expandDims(1).lessEqual(place.expandDims(0)).cast('float32') // for a running sum
    const cumulative = probability.matMul(upTo as tf.Tensor2D).expandDims(1) //             [anchors, 1, negatives]
    const before = cumulative.sub(probability.expandDims(1))
    const total = probability.sum(1, true).expandDims(2) //                  [anchors, 1, 1]: 1, or 0 with no negative
    const draw = random!.expandDims(2).mul(total) //                         [anchors, positives, 1]
    const drawn = draw.greaterEqual(before).logicalAnd(draw.less(cumulative)).cast('float32')
    return drawn.mul(positive.expandDims(2)).mul(probability.greater(0).cast('float32').expandDims(1))
  },
})

/** The probability of each negative of each anchor, [anchors, references]; rows sum to 1, or to 0 where none is in reach. */
export function distanceWeights(
  distances: tf.Tensor2D,
  negative: tf.Tensor2D,
  length: number,
  cutoff: number,
  farthest: number,
): tf.Tensor2D {
  const d = distances.clipByValue(cutoff, 1.9999) //                       the density ends at 2
  const logInverse = d
    .log()
    .mul(2 - length)
    .sub(
      tf
        .sub(1, d.square().div(4))
        .log()
        .mul((length - 3) / 2),
    ) //      −log q(d)
  const eligible = negative.mul(distances.less(farthest).cast('float32'))
  const largest = tf.where(eligible.greater(0), logInverse, -1e30).max(1, true)
  const weights = tf.where(eligible.greater(0), logInverse.sub(largest).minimum(0).exp(), 0)
  return weights.div(weights.sum(1, true).maximum(1e-30))
}
