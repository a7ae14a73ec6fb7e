import type * as tf from '@tensorflow/tfjs'
import { defineDistance } from './distance.ts'
import { squaredEuclidean } from './squared-euclidean.ts'
import { root } from './unit-length.ts'

/** ‖a − b‖, [anchors, references]; gradient zero between equal vectors. */
export function euclidean(anchors: tf.Tensor2D, references: tf.Tensor2D): tf.Tensor2D {
  return root(squaredEuclidean(anchors, references))
}

export const euclideanDistance = defineDistance({
  id: 'euclidean',
  name: 'Euclidean',
  formula: '‖a − b‖',
  source: 'Hadsell, Chopra, LeCun 2006, eq. 1',
  kind: 'distance',
  unitLength: true,
  settings: {},
  learned: () => [],
  between: (anchors, references) => euclidean(anchors, references),
})
