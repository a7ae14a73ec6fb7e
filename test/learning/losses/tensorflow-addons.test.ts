import * as tf from '@tensorflow/tfjs'
import { beforeAll, expect, test } from 'vitest'
import type { GivenSettings } from '../../../src-main/learning/setting.ts'
import { golden, lossAndGradients, relativeError, unitRows } from './golden.ts'

const { embeddings, labels } = golden('pml_2.9.0')
const { cases } = golden('tfa')

// Their hard loss takes the largest positive and smallest negative distance of each anchor; their "angular" is 1 − cos.
const distances: Record<string, string> = {
  L2: 'euclidean',
  'squared-L2': 'squared-euclidean',
  angular: 'cosine',
}
const losses: Record<string, { loss: string; miner: string }> = {
  semihard: { loss: 'triplet', miner: 'facenet-semi-hard' },
  hard: { loss: 'triplet', miner: 'batch-hard' },
  hard_soft: { loss: 'triplet-soft-margin', miner: 'batch-hard' }, // their soft form leaves the margin out
}

beforeAll(() => tf.setBackend('cpu'))

test('every case of the file is compared', () => {
  expect(cases).toHaveLength(18)
  expect(cases.every(({ name, distance }) => name in losses && distance in distances)).toBe(true)
})

test.each(cases)('TensorFlow Addons, $name, $distance, margin $margin', (truth) => {
  const { loss, miner } = losses[truth.name]!
  const distance = distances[truth.distance]!
  const settings: GivenSettings = loss === 'triplet' ? { margin: truth.margin! } : {}
  const options = { distance, miner, reducer: 'mean', settings }
  // Their gradient is that of unit vectors: only "angular" scales them itself, the others must not here.
  const unit = distance === 'cosine' ? {} : { unitLength: false }
  const found = lossAndGradients(loss, { ...options, ...unit }, unitRows(embeddings), labels)
  // Their numbers are single precision themselves: 1e-5 leaves room for both.
  expect(Math.abs(found.loss / truth.loss - 1)).toBeLessThan(1e-5)
  expect(relativeError(found.gradients.embeddings!, truth.grad_normalised_embeddings!.flat())).toBeLessThan(
    1e-5,
  )
})
