import * as tf from '@tensorflow/tfjs'
import type { StateDescription } from './step/objective.ts'

/**
 * A queue of the newest embeddings with their labels, so that a small batch is compared with far more than itself
 * (Wang et al. 2020, Cross-Batch Memory). Plain tensors, newest first: an input and an output of the step.
 */
export interface CrossBatchMemory {
  embeddings: tf.Tensor2D // [size, length]
  labels: tf.Tensor1D // [size], int32
}

/** Marks a place where nothing was put yet. */
export const emptyLabel = -1

/** The state that a memory adds to an objective. */
export function memoryState(size: number, embeddingLength: number): StateDescription[] {
  return [
    { name: 'memory.embeddings', shape: [size, embeddingLength], dtype: 'float32' },
    { name: 'memory.labels', shape: [size], dtype: 'int32', initial: emptyLabel },
  ]
}

/**
 * The memory with a batch put in front and as many of the oldest dropped. Throws when the batch is larger than the
 * memory. The embeddings stored are numbers of the past: no gradient reaches the step that made them.
 */
export function remember(
  memory: CrossBatchMemory,
  embeddings: tf.Tensor2D,
  labels: tf.Tensor1D,
): CrossBatchMemory {
  const [size, batch] = [memory.embeddings.shape[0], embeddings.shape[0]]
  if (batch > size) throw new Error(`a batch of ${batch} does not fit a memory of ${size}`)
  if (batch === size) return { embeddings: embeddings.clone(), labels: labels.clone() }
  return {
    embeddings: tf.concat2d([embeddings, memory.embeddings.slice([0, 0], [size - batch, -1])], 0),
    labels: tf.concat1d([labels, memory.labels.slice(0, size - batch)]),
  }
}
