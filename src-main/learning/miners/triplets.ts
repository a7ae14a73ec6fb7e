import type * as tf from '@tensorflow/tfjs'
import { detached } from '../detach.ts'
import type { Pairs } from './pairs.ts'

/**
 * Selected triplets, in whichever dense form is smallest: one element of `weights` per triplet, 0 where there is
 * none. A loss asks for the entries of a matrix that belong to a triplet's anchor and positive, anchor and negative,
 * or positive and negative; what it gets broadcasts to the shape of `weights`, whose first axis is the anchors.
 */
export interface Triplets {
  weights: tf.Tensor
  /** From [anchors, references]. */
  anchorPositive(matrix: tf.Tensor2D): tf.Tensor
  /** From [anchors, references]. */
  anchorNegative(matrix: tf.Tensor2D): tf.Tensor
  /** From [references, references]. */
  positiveNegative(matrix: tf.Tensor2D): tf.Tensor
}

/** Any triplets: weights [anchors, positives, negatives]. */
export function denseTriplets(weights: tf.Tensor3D): Triplets {
  return {
    weights,
    anchorPositive: (matrix) => matrix.expandDims(2),
    anchorNegative: (matrix) => matrix.expandDims(1),
    positiveNegative: (matrix) => matrix.expandDims(0),
  }
}

/** At most one negative for each pair of anchor and positive: weights [anchors, positives]. */
export function oneNegativePerPair(chosen: tf.Tensor3D): Triplets {
  return {
    weights: detached([chosen], (c) => c.sum(2)),
    anchorPositive: (matrix) => matrix,
    anchorNegative: (matrix) => chosen.mul(matrix.expandDims(1)).sum(2),
    positiveNegative: (matrix) => chosen.mul(matrix.expandDims(0)).sum(2),
  }
}

/** At most one triplet for each anchor: weights [anchors]. `positive` and `negative` hold at most a single 1 in a row. */
export function onePerAnchor({ positive, negative }: Pairs): Triplets {
  return {
    weights: detached([positive, negative], (p, n) => p.sum(1).mul(n.sum(1))),
    anchorPositive: (matrix) => positive.mul(matrix).sum(1),
    anchorNegative: (matrix) => negative.mul(matrix).sum(1),
    positiveNegative: (matrix) => positive.matMul<tf.Tensor2D>(matrix).mul(negative).sum(1),
  }
}

/** Every selected negative pair joined to every selected positive pair of its anchor. */
export function tripletsOfPairs({ positive, negative }: Pairs): Triplets {
  return denseTriplets(detached([positive, negative], (p, n) => p.expandDims(2).mul(n.expandDims(1))))
}

/** The pairs of triplets given as weights [anchors, positives, negatives], each as often as it stands in one. */
export function pairsOfTriplets(weights: tf.Tensor3D): Pairs {
  return {
    positive: detached([weights], (w) => w.sum(2)),
    negative: detached([weights], (w) => w.sum(1)),
  }
}

/** Each selected pair as often as it would stand in a triplet with its anchor's pairs of the other kind. */
export function joinedPairs({ positive, negative }: Pairs): Pairs {
  return {
    positive: detached([positive, negative], (p, n) => p.mul(n.sum(1, true))),
    negative: detached([positive, negative], (p, n) => n.mul(p.sum(1, true))),
  }
}
