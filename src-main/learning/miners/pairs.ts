import * as tf from '@tensorflow/tfjs'

/**
 * Selected pairs as two dense matrices: how often (anchor, reference) was selected as a positive and as a negative.
 * A pair that stands in several triplets counts as often, as in pytorch-metric-learning.
 */
export interface Pairs {
  /** [anchors, references] */
  positive: tf.Tensor2D
  /** [anchors, references] */
  negative: tf.Tensor2D
}

/**
 * Which labels agree and which differ, [anchors, references]. In one batch nobody is their own positive. A label
 * below 0 marks an empty place (of a memory not yet full): it is nobody's positive and nobody's negative.
 */
export function labelPairs(
  labels: tf.Tensor1D,
  referenceLabels: tf.Tensor1D,
  references: 'the batch itself' | 'others',
): Pairs {
  const rows = labels.expandDims(1) //                                     [anchors, 1]
  const columns = referenceLabels.expandDims(0) //                         [1, references]
  const filled = rows.greaterEqual(0).logicalAnd(columns.greaterEqual(0)).cast('float32')
  const same = rows.equal(columns).cast('float32').mul<tf.Tensor2D>(filled)
  const negative = filled.sub<tf.Tensor2D>(same)
  return { positive: references === 'others' ? same : same.mul(notSelf(labels.shape[0])), negative }
}

/** 1 everywhere but on the diagonal, [batch, batch]. */
export function notSelf(batch: number): tf.Tensor2D {
  return tf.sub(1, tf.eye(batch))
}

/** Each selected pair once, however many triplets it stands in. */
export function once(counts: tf.Tensor2D): tf.Tensor2D {
  return counts.minimum(1)
}
