import * as tf from '@tensorflow/tfjs'
import { defineDistance } from './distance.ts'
import { unitLength } from './unit-length.ts'

/** cos(a, b), [anchors, references]; 0 with a zero vector. */
export function cosineSimilarity(anchors: tf.Tensor2D, references: tf.Tensor2D): tf.Tensor2D {
  return tf.matMul(unitLength(anchors), unitLength(references), false, true)
}

export const cosineSimilarityDistance = defineDistance({
  id: 'cosine-similarity',
  name: 'Cosine similarity',
  formula: 'ab / (‖a‖ ‖b‖)',
  source: 'Nguyen and Bai 2010 (Cosine similarity metric learning)',
  kind: 'similarity',
  unitLength: 'always',
  settings: {},
  learned: () => [],
  // The unit length is there already: the caller scales both sides once, for every part that compares them.
  between: (anchors, references) => tf.matMul(anchors, references, false, true),
})

export const cosineDistance = defineDistance({
  id: 'cosine',
  name: 'Cosine distance',
  formula: '1 − ab / (‖a‖ ‖b‖)',
  source: 'half the squared Euclidean distance on the unit sphere; TensorFlow Addons calls it "angular"',
  kind: 'distance',
  unitLength: 'always',
  settings: {},
  learned: () => [],
  between: (anchors, references) => anchors.matMul<tf.Tensor2D>(references, false, true).neg().add(1),
})
