import * as tf from '@tensorflow/tfjs'
import { beforeAll, expect, test } from 'vitest'
import type { GivenSettings } from '../../../src-main/learning/setting.ts'
import { golden, lossAndGradients, relativeError, unitRows } from './golden.ts'

const { embeddings, labels } = golden('pml_2.9.0')
const { cases } = golden('sentence_transformers')

const losses: Record<string, { loss: string; miner: string; reducer: string }> = {
  BatchAllTripletLoss: { loss: 'triplet', miner: 'all', reducer: 'mean-non-zero' }, // they average what is above 0
  BatchHardTripletLoss: { loss: 'triplet', miner: 'batch-hard', reducer: 'mean' },
  BatchHardSoftMarginTripletLoss: { loss: 'triplet-soft-margin', miner: 'batch-hard', reducer: 'mean' },
  BatchSemiHardTripletLoss: { loss: 'triplet', miner: 'facenet-semi-hard', reducer: 'mean' },
}

beforeAll(() => tf.setBackend('cpu'))

test('every case of the file is compared', () => {
  expect(cases).toHaveLength(7)
  expect(cases.every(({ name }) => name in losses)).toBe(true)
})

test.each(cases)('sentence-transformers, $name, margin $margin', (truth) => {
  const { loss, miner, reducer } = losses[truth.name]!
  const settings: GivenSettings = truth.margin === null ? {} : { margin: truth.margin }
  const options = { distance: 'euclidean', miner, reducer, settings, unitLength: false }
  const found = lossAndGradients(loss, options, unitRows(embeddings), labels)
  expect(Math.abs(found.loss / truth.loss - 1)).toBeLessThan(1e-5)
  expect(relativeError(found.gradients.embeddings!, truth.grad_normalised_embeddings!.flat())).toBeLessThan(
    1e-5,
  )
})
