import * as tf from '@tensorflow/tfjs'
import { unitLength } from '../distances/unit-length.ts'
import type { Parameter, Tensors } from '../layers/layer.ts'
import type { Sizes } from './loss.ts'

/** One direction for each class as a column, [length, classes]; near unit length at the start. */
export function classWeights({ classes, embeddingLength }: Sizes): Parameter[] {
  return [
    {
      name: 'loss.classes',
      shape: [embeddingLength, classes],
      initialiser: { kind: 'normal', mean: 0, deviation: 1 / Math.sqrt(embeddingLength) },
      stage: 'loss',
    },
  ]
}

/** One proxy for each class as a row, [classes, length]; near unit length at the start. */
export function proxies({ classes, embeddingLength }: Sizes): Parameter[] {
  return [
    {
      name: 'loss.proxies',
      shape: [classes, embeddingLength],
      initialiser: { kind: 'normal', mean: 0, deviation: 1 / Math.sqrt(embeddingLength) },
      stage: 'loss',
    },
  ]
}

/** cos θ between each embedding and each class, [batch, classes]. */
export function classCosines(embeddings: tf.Tensor2D, learned: Tensors): tf.Tensor2D {
  return tf.matMul(unitLength(embeddings), unitLength(learned['loss.classes'] as tf.Tensor2D, 0))
}
