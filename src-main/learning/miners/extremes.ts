import * as tf from '@tensorflow/tfjs'
import { oneHot } from '../one-hot.ts'

/** Far beyond any distance, and finite: infinity times zero would be no number. */
const far = 1e30

/** One 1 in each row, at the smallest value inside the mask (the first of equals); none where the mask is empty. */
export function smallestIn(values: tf.Tensor2D, mask: tf.Tensor): tf.Tensor2D {
  const inside = tf.where(mask.greater(0), values, far)
  return chosen(inside.argMin(1), mask)
}

/** One 1 in each row, at the largest value inside the mask (the first of equals); none where the mask is empty. */
export function largestIn(values: tf.Tensor2D, mask: tf.Tensor): tf.Tensor2D {
  return smallestIn(values.neg(), mask)
}

/** The value at the chosen place of each row, [rows, 1]; `otherwise` in a row where nothing was chosen. */
export function chosenValue(values: tf.Tensor2D, places: tf.Tensor2D, otherwise: number): tf.Tensor2D {
  return tf.where(places.sum(1, true).greater(0), places.mul(values).sum(1, true), otherwise)
}

function chosen(places: tf.Tensor, mask: tf.Tensor): tf.Tensor2D {
  const width = mask.shape[1]!
  return oneHot<tf.Tensor2D>(places, width).mul(mask.max(1, true))
}
