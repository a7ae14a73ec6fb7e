import * as tf from '@tensorflow/tfjs'
import { beforeAll, expect, test } from 'vitest'
import { batchHealth } from '../../src-main/learning/health.ts'
import { random } from '../../src-main/learning/random.ts'

beforeAll(() => tf.setBackend('cpu'))

const health = (rows: number[][], labels: number[], margin = 0.2) => {
  const measures = tf.tidy(() => batchHealth(tf.tensor2d(rows), tf.tensor1d(labels, 'int32'), margin))
  const numbers = Object.fromEntries(Object.entries(measures).map(([name, t]) => [name, t.arraySync()]))
  tf.dispose(measures)
  return numbers
}

test('agrees with loops over pairs, triplets and dimensions', () => {
  const source = random(2, 'health')
  const labels = [0, 0, 0, 1, 1, 2, 2, 3]
  const rows = labels.map((l) => Array.from({ length: 5 }, (_, d) => (d === l ? 1.5 : 0) + source.normal()))
  const unit = rows.map((row) => row.map((v) => v / Math.hypot(...row)))
  const distance = (i: number, j: number) => Math.hypot(...unit[i]!.map((v, d) => v - unit[j]![d]!))
  const positives: number[] = []
  const negatives: number[] = []
  let [active, valid] = [0, 0]
  labels.forEach((a, i) =>
    labels.forEach((p, j) => {
      if (i !== j) (a === p ? positives : negatives).push(distance(i, j))
      if (i === j || a !== p) return
      labels.forEach((n, k) => {
        if (n === a) return
        valid++
        if (distance(i, k) ** 2 < distance(i, j) ** 2 + 0.2) active++
      })
    }),
  )
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length
  const means = unit[0]!.map((_, d) => mean(unit.map((row) => row[d]!)))
  const covariance = means.map((m, d) =>
    means.map((other, e) => mean(unit.map((row) => (row[d]! - m) * (row[e]! - other)))),
  )
  const trace = covariance.reduce((sum, row, d) => sum + row[d]!, 0)
  const squares = covariance.flat().reduce((sum, v) => sum + v * v, 0)

  const found = health(rows, labels)
  expect(active).toBeGreaterThan(0)
  expect(active).toBeLessThan(valid)
  expect(found.activeTriplets).toBeCloseTo(active / valid, 6)
  expect(found.positiveDistance).toBeCloseTo(mean(positives), 5)
  expect(found.negativeDistance).toBeCloseTo(mean(negatives), 5)
  expect(found.embeddingNorm).toBeCloseTo(mean(rows.map((row) => Math.hypot(...row))), 5)
  expect(found.smallestDeviation).toBeCloseTo(Math.sqrt(Math.min(...covariance.map((row, d) => row[d]!))), 5)
  expect(found.effectiveRank).toBeCloseTo(trace ** 2 / squares, 4)
})

test('the effective rank is 1 on a line and the number of dimensions when they are filled evenly', () => {
  const cross = [
    [1, 0, 0],
    [-1, 0, 0],
    [0, 1, 0],
    [0, -1, 0],
    [0, 0, 1],
    [0, 0, -1],
  ]
  expect(health(cross, [0, 0, 1, 1, 2, 2]).effectiveRank).toBeCloseTo(3, 5)
  expect(health(cross.slice(0, 2), [0, 1]).effectiveRank).toBeCloseTo(1, 5)
})

test('degenerate batches give finite numbers: one face, one person, all the same point, zero vectors', () => {
  const batches: [number[][], number[]][] = [
    [[[1, 2]], [0]],
    [
      [
        [1, 0],
        [0, 1],
      ],
      [4, 4],
    ],
    [Array<number[]>(4).fill([1, 1]), [0, 0, 1, 1]],
    [Array<number[]>(4).fill([0, 0]), [0, 0, 1, 1]],
  ]
  for (const [rows, labels] of batches)
    for (const value of Object.values(health(rows, labels))) expect(value).toSatisfy(Number.isFinite)
  expect(health(batches[2]![0], batches[2]![1]).activeTriplets).toBe(1)
})

test('a large batch is judged by some of its anchors only', () => {
  const source = random(3, 'large')
  const labels = Array.from({ length: 120 }, (_, i) => Math.floor(i / 2))
  const rows = labels.map(() => Array.from({ length: 4 }, () => source.normal()))
  const whole = health(rows.slice(0, 80), labels.slice(0, 80)).activeTriplets as number
  expect(Math.abs((health(rows, labels).activeTriplets as number) - whole)).toBeLessThan(0.1)
})
