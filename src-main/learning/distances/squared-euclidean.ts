import type * as tf from '@tensorflow/tfjs'
import { defineDistance } from './distance.ts'

/** ‖a − b‖², by |a|² + |b|² − 2ab: one matrix product, no [anchors, references, length] tensor. */
export function squaredEuclidean(anchors: tf.Tensor2D, references: tf.Tensor2D): tf.Tensor2D {
  const a = anchors.square().sum(1, true) //                              [anchors, 1]
  const b = references.square().sum(1, true).transpose() //               [1, references]
  const product = anchors.matMul(references, false, true) //              [anchors, references]
  return a.add(b).sub(product.mul(2)).relu() //                           rounding may fall below zero
}

export const squaredEuclideanDistance = defineDistance({
  id: 'squared-euclidean',
  name: 'Squared Euclidean',
  formula: '‖a − b‖²',
  source: 'Schroff, Kalenichenko, Philbin 2015, section 3.1',
  kind: 'distance',
  unitLength: true,
  settings: {},
  learned: () => [],
  between: (anchors, references) => squaredEuclidean(anchors, references),
})
