import * as tf from '@tensorflow/tfjs'

/**
 * 1 at each index of a new last axis, else 0; an index outside has no 1. `tf.oneHot` refuses a depth of 1, which a
 * batch of one has.
 */
export function oneHot<T extends tf.Tensor>(indices: tf.Tensor, depth: number): T {
  return indices.expandDims(-1).cast('int32').equal(places(depth, 'int32')).cast('float32') as T
}

/** 0, 1, … count − 1, [count]. */
export function places(count: number, dtype: 'int32' | 'float32' = 'float32'): tf.Tensor1D {
  return tf.tensor1d(
    Array.from({ length: count }, (_, place) => place),
    dtype,
  ) // a constant: nothing to trace
}
