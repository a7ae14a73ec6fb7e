import * as tf from '@tensorflow/tfjs'
import { detached } from '../detach.ts'

/** Below this squared length a vector counts as zero: it has no direction to keep. */
const smallestSquare = 1e-24

/** Scales vectors to unit length along the last axis; a zero vector stays zero and receives no gradient. */
export function unitLength<T extends tf.Tensor>(vectors: T, axis = -1): T {
  const squares = vectors.square().sum(axis, true)
  const present = detached([squares], (s) => s.greater(smallestSquare).cast('float32'))
  const absent = detached([present], (p) => tf.sub(1, p))
  return vectors.mul(present).div(squares.mul(present).add(absent).sqrt()) as T
}

/** Euclidean length along the last axis, kept as a dimension of 1; gradient zero at the zero vector. */
export function length(vectors: tf.Tensor, axis = -1): tf.Tensor {
  return root(vectors.square().sum(axis, true))
}

/** √x for x ≥ 0, with gradient zero where x is zero (or, by rounding, below): the true one is infinite there. */
export function root<T extends tf.Tensor>(x: T): T {
  const present = detached([x], (v) => v.greater(smallestSquare).cast('float32'))
  const absent = detached([present], (p) => tf.sub(1, p))
  return x.mul(present).add(absent).sqrt().mul(present) as T
}
