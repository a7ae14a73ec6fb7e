import * as tf from '@tensorflow/tfjs'

/**
 * 1 at each index of a new last axis, else 0; an index outside has no 1. `tf.oneHot` refuses a depth of 1, which a
 * batch of one has.
 */
export function oneHot<T extends tf.Tensor>(indices: tf.Tensor, depth: number): T {
  return indices
    .expandDims(-1)
    .cast('int32')
    .equal(tf.range(0, depth, 1, 'int32'))
    .cast('float32') as T
}
