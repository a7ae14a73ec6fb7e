import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  binsPerUnit,
  countAtMost,
  countDistances,
  DistanceCounter,
  distinctThresholds,
  percentile,
} from '../../src-main/evaluation/distance-counts.ts'

/** Few values, so that ties are common. */
const tied = fc.array(
  fc.integer({ min: 0, max: 40 }).map((i) => i / 20),
  { minLength: 1, maxLength: 200 },
)

function streamed(distances: number[], end: 'near' | 'far', capacity: number) {
  const counter = new DistanceCounter(end, capacity)
  for (const distance of distances) counter.add(distance)
  return counter.finish()
}

describe('counting distances', () => {
  test('counts what a slow loop counts, ties at the threshold included', () => {
    fc.assert(
      fc.property(tied, fc.double({ min: -0.1, max: 2.1, noNaN: true }), (distances, between) => {
        const counts = countDistances(distances)
        for (const threshold of [...distances, between])
          expect(countAtMost(counts, threshold)).toBe(distances.filter((d) => d <= threshold).length)
      }),
    )
  })

  test('a stream that overflows its exact end is still exact there and at every edge', () => {
    const any = fc.array(fc.double({ min: 0, max: 2, noNaN: true }), { minLength: 1, maxLength: 300 })
    fc.assert(
      fc.property(fc.oneof(any, tied), fc.integer({ min: 1, max: 40 }), (distances, capacity) => {
        for (const end of ['near', 'far'] as const) {
          const counts = streamed(distances, end, capacity)
          const slow = (threshold: number) => distances.filter((d) => d <= threshold).length
          const inside = (d: number) => (end === 'near' ? d <= counts.limit : d > counts.limit)
          expect(counts.total).toBe(distances.length)
          expect([...counts.exact]).toEqual(distances.filter(inside).sort((a, b) => a - b))
          for (const threshold of distinctThresholds(counts))
            expect(countAtMost(counts, threshold)).toBe(slow(threshold))
          for (let edge = 0; edge <= 2 * binsPerUnit; edge += 997)
            expect(countAtMost(counts, edge / binsPerUnit)).toBe(slow(edge / binsPerUnit))
          for (const threshold of distances)
            if (end === 'near') expect(countAtMost(counts, threshold)).toBeGreaterThanOrEqual(slow(threshold))
            else expect(countAtMost(counts, threshold)).toBeLessThanOrEqual(slow(threshold))
        }
      }),
    )
  })

  test('overflows: a million distances keep only the exact end', () => {
    const counter = new DistanceCounter('near', 1000)
    for (let i = 0; i < 100_000; i++) counter.add((2 * ((i * 7919) % 100_000)) / 100_000)
    const counts = counter.finish()
    expect(counts.exact.length).toBeLessThanOrEqual(2000)
    expect(counts.exact.length).toBeGreaterThan(500)
    expect(countAtMost(counts, 2)).toBe(100_000)
    expect(countAtMost(counts, counts.limit)).toBe(counts.exact.length)
    expect(percentile(counts, 0.5)).toBeCloseTo(1, 4)
    expect(counts.mean).toBeCloseTo(0.99999, 8)
    expect(counts.deviation).toBeCloseTo(2 / Math.sqrt(12), 4)
  })

  test('inner products count as the distances they stand for', () => {
    const products = Float32Array.from([1, 0.5, 0, -1, 1.0000001])
    const counter = new DistanceCounter('near')
    counter.addProducts(products, 0, products.length)
    expect([...counter.finish().exact]).toEqual([0, 0, 1, Math.SQRT2, 2])
  })

  test('a failed comparison is counted and matches at no threshold', () => {
    const counts = countDistances([0.5, Infinity], 'far')
    expect(counts).toMatchObject({ total: 2, failures: 1, mean: 0.5 })
    expect(countAtMost(counts, 2)).toBe(1)
  })

  test('percentiles are those of NumPy', () => {
    expect(percentile(countDistances([1, 2, 3, 4]), 0.25)).toBe(1.75) // np.percentile([1,2,3,4], 25)
    expect(percentile(countDistances([7]), 0.9)).toBe(7)
  })

  test('a distance that is not a number is refused with its cause', () => {
    expect(() => countDistances([0.1, NaN])).toThrow(/NaN/)
  })
})
