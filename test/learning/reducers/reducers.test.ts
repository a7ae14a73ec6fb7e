import * as tf from '@tensorflow/tfjs'
import { beforeAll, expect, test } from 'vitest'
import { reducers } from '../../../src-main/learning/catalogue.ts'

// Two anchors with three items each; the last of the first anchor does not exist, one counts twice.
const losses = [0, 2, 50, 1, 3, 0]
const weights = [1, 1, 0, 1, 2, 1]
const items = () => ({
  losses: tf.tensor2d(losses, [2, 3]),
  weights: tf.tensor2d(weights, [2, 3]),
  labels: tf.tensor1d([2, 0], 'int32'),
})
const classWeights = () => tf.tensor1d([10, 5, 1])
const defaults = (id: string) => {
  const { settings } = reducers.find((reducer) => reducer.id === id)!
  return Object.fromEntries(Object.entries(settings).map(([name, setting]) => [name, setting.default]))
}
const reduce = (id: string, settings: Record<string, unknown> = {}, of = items()) =>
  reducers
    .find((reducer) => reducer.id === id)!
    .reduce(of, { ...defaults(id), ...settings } as Record<string, never>, classWeights())
    .dataSync()[0]

beforeAll(() => tf.setBackend('cpu'))

test.each([
  ['mean', {}, (0 + 2 + 1 + 2 * 3 + 0) / 6],
  ['mean-non-zero', {}, (2 + 1 + 2 * 3) / 4],
  ['sum', {}, 2 + 1 + 2 * 3],
  ['threshold', {}, (2 + 1 + 2 * 3) / 4],
  ['threshold', { low: 1.5, high: 2.5 }, 2],
  ['class-weighted', {}, (1 * (0 + 2) + 10 * (1 + 6 + 0)) / 6],
])('%s %j', (id, settings, expected) => {
  expect(reduce(id, settings)).toBeCloseTo(expected, 5)
})

test.each(reducers.map(({ id }) => id))('%s of no items is 0, and so is its gradient', (id) => {
  const none = { ...items(), weights: tf.zeros<tf.Rank.R2>([2, 3]) }
  expect(reduce(id, {}, none)).toBe(0)
  const { reduce: run } = reducers.find((reducer) => reducer.id === id)!
  const gradient = tf.grad((l: tf.Tensor) =>
    run({ ...none, losses: l }, defaults(id) as Record<string, never>, classWeights()),
  )(none.losses)
  expect([...gradient.dataSync()]).toEqual([0, 0, 0, 0, 0, 0])
})

test('the mean of the non-zero does not differentiate its count', () => {
  const { reduce: run } = reducers.find(({ id }) => id === 'mean-non-zero')!
  const gradient = tf.grad((l: tf.Tensor) => run({ ...items(), losses: l }, {}))(items().losses)
  expect([...gradient.dataSync()]).toEqual([0, 0.25, 0, 0.25, 0.5, 0])
})
