import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { distance, fuse, unitLength } from '../../src-main/vision/embedding.ts'

const vector = fc
  .array(fc.integer({ min: -9, max: 9 }), { minLength: 8, maxLength: 8 })
  .filter((values) => values.some((value) => value !== 0))
  .map(unitLength)

describe('embeddings', () => {
  test('distances of known directions', () => {
    const [east, north] = [new Float32Array([1, 0]), new Float32Array([0, 1])]
    expect(distance(east, east)).toBe(0)
    expect(distance(east, north)).toBeCloseTo(Math.SQRT2)
    expect(distance(east, new Float32Array([-1, 0]))).toBe(2)
    expect(fuse([east, north])).toEqual(new Float32Array([Math.SQRT1_2, Math.SQRT1_2]))
  })

  test('a distance is symmetric, within 0 and 2, and obeys the triangle inequality', () => {
    fc.assert(
      fc.property(vector, vector, vector, (a, b, c) => {
        expect(distance(a, b)).toBe(distance(b, a))
        expect(distance(a, b)).toBeLessThanOrEqual(2 + 1e-6)
        expect(distance(a, c)).toBeLessThanOrEqual(distance(a, b) + distance(b, c) + 1e-6)
      }),
    )
  })

  test('fused, several have unit length again, and their order does not matter', () => {
    fc.assert(
      fc.property(vector, vector, (a, b) => {
        fc.pre(distance(a, b) < 1.9) // opposite directions cancel
        expect(Math.hypot(...fuse([a, b]))).toBeCloseTo(1, 5)
        expect(distance(fuse([a, b]), fuse([b, a]))).toBeLessThan(1e-6)
      }),
    )
  })

  test('what cannot be compared throws', () => {
    expect(() => distance(new Float32Array(128), new Float32Array(256))).toThrow('128 and 256')
    expect(() => fuse([])).toThrow('no embedding')
    expect(() => unitLength([0, 0])).toThrow('no direction')
    expect(() => unitLength([NaN, 1])).toThrow('NaN')
  })
})
