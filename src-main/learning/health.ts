import * as tf from '@tensorflow/tfjs'

/** What a batch tells about the embedding space besides its loss. */
export const healthMeasures = [
  'activeTriplets',
  'positiveDistance',
  'negativeDistance',
  'embeddingNorm',
  'smallestDeviation',
  'effectiveRank',
] as const
export type HealthMeasure = (typeof healthMeasures)[number]

/** Triplets looked at for `activeTriplets`: more would cost more than the loss itself. */
const tripletLimit = 2 ** 19

/**
 * Health of a batch, each a scalar; distances are Euclidean between unit-length embeddings, means over all pairs.
 * - `activeTriplets`: share of valid triplets with d(a,n)² < d(a,p)² + margin (Schroff et al. 2015, eq. 1); in a batch
 *   of more than 80, over evenly spaced anchors only
 * - `positiveDistance`, `negativeDistance`: mean d(a,p) and d(a,n)
 * - `embeddingNorm`: mean length before it is made one
 * - `smallestDeviation`: the smallest standard deviation of a dimension of the unit-length embedding
 * - `effectiveRank`: participation ratio (Σλ)² / Σλ² of the covariance's eigenvalues λ: 1 when all embeddings lie on a
 *   line, the number of dimensions when they fill it evenly. It needs no eigenvalues: (tr C)² / ‖C‖².
 * Without a valid pair or triplet its measure is 0. `embeddings` [batch, length], `labels` [batch].
 */
export function batchHealth(
  embeddings: tf.Tensor2D,
  labels: tf.Tensor1D,
  margin: number,
): Record<HealthMeasure, tf.Scalar> {
  const batch = embeddings.shape[0]
  const norms = embeddings.square().sum(1, true).sqrt()
  const unit = embeddings.div(norms.add(1e-12)) as tf.Tensor2D
  const cosine = tf.matMul(unit, unit, false, true)
  const squared = tf.relu(tf.sub(2, cosine.mul(2)))
  const distance = squared.sqrt()

  const same = tf.cast(tf.equal(labels.reshape([batch, 1]), labels.reshape([1, batch])), 'float32')
  const positive = same.sub(tf.eye(batch))
  const negative = tf.sub(1, same)

  const centred = unit.sub(unit.mean(0)) as tf.Tensor2D
  const variance = centred.square().mean(0)
  const gram = tf.matMul(centred, centred, false, true) // shares its non-zero eigenvalues with the covariance

  return {
    activeTriplets: activeShare(squared, positive, negative, margin),
    positiveDistance: ratio(distance.mul(positive).sum(), positive.sum()),
    negativeDistance: ratio(distance.mul(negative).sum(), negative.sum()),
    embeddingNorm: norms.mean<tf.Scalar>(),
    smallestDeviation: variance.min<tf.Scalar>().sqrt(),
    effectiveRank: ratio(centred.square().sum().square(), gram.square().sum()),
  }
}

function activeShare(squared: tf.Tensor, positive: tf.Tensor, negative: tf.Tensor, margin: number) {
  const batch = squared.shape[0]!
  const count = Math.max(1, Math.min(batch, Math.floor(tripletLimit / batch ** 2)))
  const anchors = Array.from({ length: count }, (_, i) => Math.floor((i * batch) / count))
  const of = (matrix: tf.Tensor) =>
    count === batch ? matrix : tf.gather(matrix, tf.tensor1d(anchors, 'int32'))
  const [rows, positives, negatives] = [of(squared), of(positive), of(negative)]
  // A place that is no positive becomes a limit of 0, one that is no negative lies far off: neither makes a triplet
  // active, so that the cube of all triplets is only compared and counted.
  const limits = rows.add(margin).mul(positives)
  const distances = rows.add(tf.sub(1, negatives).mul(1e3))
  const active = tf.greater(limits.reshape([count, batch, 1]), distances.reshape([count, 1, batch]))
  const triplets = positives.sum(1).mul(negatives.sum(1))
  return ratio(tf.cast(active, 'float32').sum(), triplets.sum())
}

/** a / b, and 0 where both are 0. */
function ratio(a: tf.Tensor, b: tf.Tensor): tf.Scalar {
  return a.div(tf.maximum(b, 1e-30)) as tf.Scalar
}
