import * as tf from '@tensorflow/tfjs'
import { defineDistance } from './distance.ts'

export const dotProductDistance = defineDistance({
  id: 'dot-product',
  name: 'Dot product',
  formula: 'ab',
  source: 'Sohn 2016, the similarity of the N-pair loss',
  kind: 'similarity',
  unitLength: false,
  settings: {},
  learned: () => [],
  between: (anchors, references) => tf.matMul(anchors, references, false, true),
})
