import fc from 'fast-check'
import { expect, test } from 'vitest'
import { comparisons } from '../../src-main/evaluation/comparisons.ts'
import { contrastOf, histogramOf } from '../../src-main/evaluation/contrast.ts'
import { areaUnder, curveOf, detPoints, ratesByThreshold } from '../../src-main/evaluation/curves.ts'
import { DistanceCounter } from '../../src-main/evaluation/distance-counts.ts'
import { accepted } from './accepted.ts'
import { seeded } from './gallery.ts'

const distances = fc.array(
  fc.integer({ min: 0, max: 30 }).map((i) => i / 16),
  { minLength: 1, maxLength: 60 },
)

test('the area is the share of pairs in the right order, ties half', () => {
  fc.assert(
    fc.property(distances, distances, (genuine, impostor) => {
      const compared = comparisons(genuine, impostor)
      if (compared.kind === 'refused') return
      let right = 0
      for (const g of genuine) for (const i of impostor) right += g < i ? 1 : g === i ? 0.5 : 0
      expect(areaUnder(curveOf(compared))).toBeCloseTo(right / genuine.length / impostor.length, 12)
    }),
  )
})

test('a failed comparison costs area', () => {
  expect(areaUnder(curveOf(accepted(comparisons([0.1, Infinity], [0.5, 1]))))).toBe(0.5)
})

test('a DET plot gets few points of a long curve, and its ends', () => {
  const random = seeded(3)
  const genuine = Array.from({ length: 5000 }, () => random())
  const impostor = Array.from({ length: 20_000 }, () => 0.5 + random())
  const curve = curveOf(accepted(comparisons(genuine, impostor)))
  const points = detPoints(curve, 100)
  expect(points.length).toBeLessThan(200)
  expect(points[0]).toMatchObject({ fmr: 0, fnmr: 1 })
  expect(points.at(-1)).toMatchObject({ fmr: 1, fnmr: 0 })
  for (const [i, point] of points.slice(1).entries()) {
    expect(point.fmr).toBeGreaterThanOrEqual(points[i]!.fmr)
    expect(point.fnmr).toBeLessThanOrEqual(points[i]!.fnmr)
  }
  const gaps = points
    .slice(1)
    .map((point, i) => Math.abs(point.x - points[i]!.x))
    .filter(Number.isFinite)
  expect(Math.max(...gaps)).toBeLessThan(0.6)
})

test('rates by threshold run from nothing to everything', () => {
  const rates = ratesByThreshold(accepted(comparisons([0.1, 0.2], [1, 1.5])), 4)
  expect(rates.map(({ fmr, fnmr }) => [fmr, fnmr])).toEqual([
    [0, 1],
    [0, 0],
    [0.5, 0],
    [1, 0],
    [1, 0],
  ])
})

test('histogram, d′, overlap, loss and violations are what a slow loop finds', () => {
  fc.assert(
    fc.property(distances, distances, (genuine, impostor) => {
      const compared = comparisons(genuine, impostor)
      if (compared.kind === 'refused') return
      const margin = 0.7
      const { contrastiveLoss, marginViolations, dPrime } = contrastOf(compared, margin)
      const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length
      const loss =
        (mean(genuine.map((d) => d * d)) + mean(impostor.map((d) => Math.max(0, margin - d) ** 2))) / 4
      expect(contrastiveLoss).toBeCloseTo(loss, 12)
      expect(marginViolations.impostors).toBe(impostor.filter((d) => d <= margin).length)
      if (genuine.length > 1 && impostor.length > 1 && new Set(genuine).size + new Set(impostor).size > 2) {
        const variance = (list: number[]) =>
          list.reduce((sum, d) => sum + (d - mean(list)) ** 2, 0) / (list.length - 1)
        const pooled = Math.sqrt((variance(genuine) + variance(impostor)) / 2)
        expect(dPrime).toBeCloseTo(Math.abs(mean(impostor) - mean(genuine)) / pooled, 9)
      }
      const { edges, counts } = histogramOf(compared.impostor, 8)
      expect(counts).toEqual(
        counts.map(
          (_, i) =>
            impostor.filter((d) => d <= edges[i + 1]! && (d > edges[i]! || (i === 0 && d === 0))).length,
        ),
      )
    }),
  )
})

test('distances that coincide overlap whole, separated ones not at all', () => {
  expect(contrastOf(accepted(comparisons([0.1, 0.3], [0.1, 0.3]))).overlap).toBeCloseTo(1, 12)
  expect(contrastOf(accepted(comparisons([0.1, 0.3], [1.1, 1.3]))).overlap).toBe(0)
})

test('statistics of a stream beyond its exact end stay right', () => {
  const random = seeded(4)
  const list = Array.from({ length: 20_000 }, () => 0.4 + random())
  const counter = new DistanceCounter('near', 500)
  for (const distance of list) counter.add(distance)
  const exact = accepted(comparisons([0.2, 0.3], list))
  const streamed = { ...exact, impostor: counter.finish() }
  const [a, b] = [contrastOf(exact, 1), contrastOf(streamed, 1)]
  expect(b.contrastiveLoss).toBeCloseTo(a.contrastiveLoss, 6)
  expect(b.dPrime).toBeCloseTo(a.dPrime, 6)
  expect(b.overlap).toBeCloseTo(a.overlap, 12)
})
