import * as tf from '@tensorflow/tfjs'

/** √Σ‖gᵢ‖² over all gradients together. */
export function globalNorm(gradients: readonly tf.Tensor[]): tf.Scalar {
  return tf.addN(gradients.map((gradient) => gradient.square().sum())).sqrt() as tf.Scalar
}

/** Shrinks the gradients together so that their global norm is at most `limit` (Pascanu et al. 2013, algorithm 1). */
export function clipByGlobalNorm(
  gradients: readonly tf.Tensor[],
  norm: tf.Tensor,
  limit: number,
): tf.Tensor[] {
  const factor = tf.scalar(limit).div(tf.maximum(norm, limit)) // 1 inside the limit, and no division by a zero norm
  return gradients.map((gradient) => gradient.mul(factor))
}
