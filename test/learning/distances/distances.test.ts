import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import { distances } from '../../../src-main/learning/catalogue.ts'
import { detach } from '../../../src-main/learning/detach.ts'
import { root, unitLength } from '../../../src-main/learning/distances/unit-length.ts'
import { distanceBetween, dot, mean } from '../losses/slow.ts'

const a = [
  [0.6, -0.8, 0.2],
  [1, 2, -2],
]
const b = [
  [0.1, 0.2, 0.3],
  [1, 2, -2],
  [-3, 0.5, 1],
]
const map = [
  [1, 0.5],
  [0, 2],
  [-1, 1],
]
const unit = (row: number[]) => row.map((x) => x / Math.hypot(...row))
const variance = (row: number[]) => mean(row.map((x) => (x - mean(row)) ** 2))
const mapped = (row: number[]) =>
  [0, 1].map((column) =>
    dot(
      row,
      map.map((r) => r[column]!),
    ),
  )

const loops: Record<string, (x: number[], y: number[]) => number> = {
  euclidean: distanceBetween,
  'squared-euclidean': (x, y) => distanceBetween(x, y) ** 2,
  cosine: (x, y) => 1 - dot(unit(x), unit(y)),
  'cosine-similarity': (x, y) => dot(unit(x), unit(y)),
  'dot-product': dot,
  mahalanobis: (x, y) => distanceBetween(mapped(x), mapped(y)),
  'signal-to-noise': (x, y) => variance(x.map((v, i) => v - y[i]!)) / variance(x),
}

beforeAll(() => tf.setBackend('cpu'))

test.each(distances.map(({ id }) => id))('%s of anchors and other references is that of each pair', (id) => {
  const distance = distances.find((one) => one.id === id)!
  const scaled = (rows: number[][]) =>
    distance.unitLength === 'always' ? unitLength(tf.tensor2d(rows)) : tf.tensor2d(rows)
  const settings = Object.fromEntries(Object.entries(distance.settings).map(([name, s]) => [name, s.default]))
  const found = distance.between(scaled(a), scaled(b), settings as never, {
    'distance.map': tf.tensor2d(map),
  })
  const truth = a.map((x) => b.map((y) => loops[id]!(x, y)))
  expect(found.shape).toEqual([2, 3])
  found
    .arraySync()
    .forEach((row, i) => row.forEach((value, j) => expect(value).toBeCloseTo(truth[i]![j]!, 3)))
})

test('Mahalanobis begins as the Euclidean distance, and M = L Lᵀ is never indefinite', () => {
  const { learned } = distances.find(({ id }) => id === 'mahalanobis')!
  expect(learned(3, { rank: 0 } as never)).toMatchObject([
    { shape: [3, 3], initialiser: { kind: 'identity' } },
  ])
  expect(learned(3, { rank: 2 } as never)).toMatchObject([{ shape: [3, 2] }])
})

describe('where a derivative does not exist', () => {
  test('the root of 0 has gradient 0', () => {
    expect([
      ...tf
        .grad((x: tf.Tensor) => root(x))(tf.tensor1d([0, 4]))
        .dataSync(),
    ]).toEqual([0, 0.25])
  })

  test('a zero vector stays zero when scaled to unit length, and has gradient 0', () => {
    const x = tf.tensor2d([
      [0, 0],
      [3, 4],
    ])
    expect(unitLength(x).arraySync()[0]).toEqual([0, 0])
    expect(unitLength(x).arraySync()[1]![0]).toBeCloseTo(0.6, 6)
    const gradient = tf.grad((v: tf.Tensor) => unitLength(v).mul([1, 2]))(x)
    expect((gradient.arraySync() as number[][])[0]).toEqual([0, 0])
  })

  test('equal vectors are at distance 0 with gradient 0', () => {
    const { between } = distances.find(({ id }) => id === 'euclidean')!
    const x = tf.tensor2d([[1, 2, 3]])
    const gradient = tf.grad((v: tf.Tensor) => between(v as tf.Tensor2D, x, {} as never, {}))(x)
    expect([...gradient.dataSync()]).toEqual([0, 0, 0])
  })
})

test('detach keeps the value and stops the gradient', () => {
  const x = tf.tensor1d([1, -2, 3])
  const { value, grad } = tf.valueAndGrad((v: tf.Tensor) => v.mul(detach(v)).sum())(x)
  expect(value.dataSync()[0]).toBe(14)
  expect([...grad.dataSync()]).toEqual([1, -2, 3]) // not 2x
})
