import * as tf from '@tensorflow/tfjs'
import { defineDistance } from './distance.ts'
import { euclidean } from './euclidean.ts'

/** √((a − b) M (a − b)ᵀ) with M = L Lᵀ: whatever L is learned, M is positive semi-definite. */
export const mahalanobisDistance = defineDistance({
  id: 'mahalanobis',
  name: 'Mahalanobis, learned',
  formula: '√((a − b) L Lᵀ (a − b)ᵀ)',
  source: 'Weinberger and Saul 2009, the distance after a linear map',
  kind: 'distance',
  unitLength: false,
  settings: {
    rank: { default: 0, unit: 'dimensions', reason: '0: as many as the embedding has; fewer also reduce it' },
  },
  learned: (embeddingLength, { rank }) => [
    {
      name: 'distance.map',
      shape: [embeddingLength, rank || embeddingLength],
      initialiser: { kind: 'identity' }, // begins as the Euclidean distance
      stage: 'loss',
    },
  ],
  between(anchors, references, _settings, learned) {
    const map = learned['distance.map'] as tf.Tensor2D //                 [length, rank]
    return euclidean(tf.matMul(anchors, map), tf.matMul(references, map))
  },
})
