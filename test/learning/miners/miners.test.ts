import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import { miners } from '../../../src-main/learning/catalogue.ts'
import { distanceWeights } from '../../../src-main/learning/miners/distance-weighted.ts'
import { mine } from '../../../src-main/learning/miners/miner.ts'
import { labelPairs } from '../../../src-main/learning/miners/pairs.ts'
import { resolveSettings, type GivenSettings } from '../../../src-main/learning/setting.ts'
import { random } from '../../../src-main/learning/random.ts'

const labels = [0, 0, 0, 1, 1, 2, 2, 3]
const count = labels.length
const source = random(11, 'miners')
const points = Array.from({ length: count }, () => {
  const row = Array.from({ length: 3 }, () => source.normal())
  return row.map((x) => x / Math.hypot(...row))
})
const d = points.map((a) => points.map((b) => Math.hypot(...a.map((x, k) => x - b[k]!))))
const others = (a: number, same: boolean) =>
  labels.flatMap((y, j) => (j !== a && (y === labels[a]) === same ? [j] : []))
const by = (a: number, order: (x: number, y: number) => boolean) => (best: number, j: number) =>
  order(d[a]![j]!, d[a]![best]!) ? j : best
const nearest = (a: number, of: number[]) =>
  of.reduce(
    by(a, (x, y) => x < y),
    of[0]!,
  )
const farthest = (a: number, of: number[]) =>
  of.reduce(
    by(a, (x, y) => x > y),
    of[0]!,
  )

function mined(id: string, settings: GivenSettings = {}, draws?: number[][]) {
  const miner = miners.find((one) => one.id === id)!
  const x = tf.tensor2d(points)
  const y = tf.tensor1d(labels, 'int32')
  return mine(
    miner,
    {
      distances: tf.tensor2d(d),
      anchors: x,
      references: x,
      ...labelPairs(y, y, 'the batch itself'),
      random: draws && tf.tensor2d(draws),
    },
    resolveSettings(id, miner.settings, settings) as Record<string, never>,
  )
}

/** "anchor,positive,negative" of each selected triplet. */
function tripletsOf(selected: ReturnType<typeof mined>): string[] {
  const { weights, anchorPositive, anchorNegative } = selected.triplets()
  const columns = tf.zeros<tf.Rank.R2>([count, count]).add<tf.Tensor2D>(tf.range(0, count))
  const spread = (x: tf.Tensor) => [...tf.zeros(weights.shape).add(x).dataSync()].map(Math.round)
  const anchors = tf.range(0, count).reshape([count, ...weights.shape.slice(1).map(() => 1)])
  const [a, p, n] = [anchors, anchorPositive(columns), anchorNegative(columns)].map(spread)
  return [...weights.dataSync()].flatMap((w, i) => (w > 0 ? [[a![i], p![i], n![i]].join()] : [])).sort()
}

const placesOf = (mask: tf.Tensor2D) =>
  mask.arraySync().flatMap((row, i) => row.flatMap((w, j) => (w ? [`${i},${j}`] : [])))

beforeAll(() => tf.setBackend('cpu'))

test('FaceNet semi-hard: the nearest negative beyond the positive, else the farthest, for every pair', () => {
  const truth = labels.flatMap((_, a) =>
    others(a, true).map((p) => {
      const negatives = others(a, false)
      const beyond = negatives.filter((n) => d[a]![n]! > d[a]![p]!)
      return [a, p, beyond.length ? nearest(a, beyond) : farthest(a, negatives)].join()
    }),
  )
  expect(tripletsOf(mined('facenet-semi-hard'))).toEqual(truth.sort())
})

describe('batch easy–hard', () => {
  test.each([
    ['easy', 'hard'],
    ['easy', 'easy'],
    ['easy', 'semi-hard'],
    ['hard', 'hard'],
    ['hard', 'semi-hard'],
    ['semi-hard', 'hard'],
    ['semi-hard', 'easy'],
  ])('%s positives, %s negatives', (positives, negatives) => {
    const truth = labels.flatMap((_, a) => {
      let [ps, ns] = [others(a, true), others(a, false)]
      const pick = (of: number[], far: boolean) =>
        of.length === 0 ? undefined : far ? farthest(a, of) : nearest(a, of)
      let [p, n]: (number | undefined)[] = []
      if (positives === 'semi-hard') {
        n = pick(ns, negatives === 'easy')
        ps = ps.filter((j) => d[a]![j]! < d[a]![n!]!)
        p = pick(ps, true)
      } else {
        p = pick(ps, positives === 'hard')
        if (negatives === 'semi-hard' && p !== undefined) ns = ns.filter((j) => d[a]![j]! > d[a]![p!]!)
        n = pick(ns, negatives === 'easy')
      }
      return p === undefined || n === undefined ? [] : [[a, p, n].join()]
    })
    expect(tripletsOf(mined('batch-easy-hard', { positives, negatives }))).toEqual(truth.sort())
  })

  test('both semi-hard is refused', () => {
    expect(() => mined('batch-easy-hard', { positives: 'semi-hard' })).toThrow(/cannot both be semi-hard/)
  })
})

test('hard pairs: the farthest half of positive pairs, the nearest half of negative pairs', () => {
  const pairs = (same: boolean) => labels.flatMap((_, a) => others(a, same).map((j) => [a, j] as const))
  const hardest = (same: boolean) => {
    const all = pairs(same).map(([a, j]) => ({ pair: [a, j].join(), hardness: (same ? 1 : -1) * d[a]![j]! }))
    all.sort((x, y) => y.hardness - x.hardness)
    const limit = all[Math.ceil(all.length / 2) - 1]!.hardness
    return all.filter(({ hardness }) => hardness >= limit).map(({ pair }) => pair) // (a, b) and (b, a) stay together
  }
  const { positive, negative } = mined('hard-pairs').pairs()
  expect(placesOf(positive).sort()).toEqual(hardest(true).sort())
  expect(placesOf(negative).sort()).toEqual(hardest(false).sort())
})

describe('distance-weighted sampling', () => {
  const [cutoff, reach] = [0.5, 1.4]
  const length = 3
  const chances = labels.map((_, a) => {
    const inverse = labels.map((y, n) => {
      if (y === labels[a] || d[a]![n]! >= reach) return 0
      const r = Math.max(cutoff, d[a]![n]!)
      return 1 / (r ** (length - 2) * (1 - r ** 2 / 4) ** ((length - 3) / 2))
    })
    const total = inverse.reduce((sum, w) => sum + w, 0)
    return inverse.map((w) => (total ? w / total : 0))
  })

  test('weighs each negative by the inverse density of its distance', () => {
    const negative = labels.map((y) => labels.map((z) => (y === z ? 0 : 1)))
    const found = distanceWeights(tf.tensor2d(d), tf.tensor2d(negative), length, cutoff, reach).arraySync()
    found.forEach((row, a) => row.forEach((w, n) => expect(w).toBeCloseTo(chances[a]![n]!, 5)))
  })

  test('draws the negative at which the running sum passes the random number', () => {
    for (const u of [0, 0.1, 0.35, 0.5, 0.77, 0.999]) {
      const draws = labels.map(() => labels.map(() => u))
      const truth = labels.flatMap((_, a) => {
        let running = 0
        const n = chances[a]!.findIndex((w) => (running += w) > u)
        return n < 0 ? [] : others(a, true).map((p) => [a, p, n].join())
      })
      expect(tripletsOf(mined('distance-weighted', {}, draws)), `${u}`).toEqual(truth.sort())
    }
  })

  test('in many dimensions the density is that of the paper and stays finite', () => {
    const far = tf.tensor2d([[0, 0.5, 1, 1.3, 1.39]])
    const w = [...distanceWeights(far, tf.tensor2d([[0, 1, 1, 1, 1]]), 512, cutoff, reach).dataSync()]
    expect(w[0]).toBe(0)
    expect(w[1]).toBeCloseTo(1, 5) // 1/q falls by many orders of magnitude towards √2
    expect(w.every(Number.isFinite)).toBe(true)
  })
})

test('a pair of several triplets counts as often', () => {
  const { positive, negative } = mined('inside-margin', { margin: 9 }).pairs() // all triplets
  expect(positive.arraySync()[0]![1]).toBe(5)
  expect(negative.arraySync()[0]![3]).toBe(2)
  const joined = mined('all').pairsOfTriplets()
  expect(joined.positive.arraySync()).toEqual(positive.arraySync())
  expect(joined.negative.arraySync()).toEqual(negative.arraySync())
})
