import * as tf from '@tensorflow/tfjs'
import { beforeAll, expect, test } from 'vitest'
import { memoryState, remember } from '../../src-main/learning/cross-batch-memory.ts'

beforeAll(() => tf.setBackend('cpu'))

const batch = (...values: number[]) => ({
  embeddings: tf.tensor2d(values.map((v) => [v, -v])),
  labels: tf.tensor1d(values, 'int32'),
})

test('keeps the newest embeddings, newest batch first, and drops the oldest', () => {
  let memory = batch(0, 0, 0, 0, 0)
  for (const { embeddings, labels } of [batch(1, 2), batch(3, 4), batch(5, 6)])
    memory = remember(memory, embeddings, labels)
  expect([...memory.labels.dataSync()]).toEqual([5, 6, 3, 4, 1])
  expect(memory.embeddings.arraySync().map((row) => row[1])).toEqual([-5, -6, -3, -4, -1])
  expect(memory.labels.dtype).toBe('int32')
})

test('a batch as large as the memory replaces it, a larger one is refused', () => {
  const memory = batch(1, 2)
  expect([...remember(memory, batch(3, 4).embeddings, batch(3, 4).labels).labels.dataSync()]).toEqual([3, 4])
  expect(() => remember(memory, batch(3, 4, 5).embeddings, batch(3, 4, 5).labels)).toThrow(/batch of 3/)
  expect(memoryState(2, 7).map(({ shape, initial }) => [shape, initial])).toEqual([
    [[2, 7], undefined],
    [[2], -1],
  ])
})
