import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { letterbox } from '../../src-main/vision/letterbox.ts'
import { draw } from './drawn-picture.ts'

describe('the detectors’ square', () => {
  test.each([
    ['wide', 640, 480],
    ['tall', 300, 700],
    ['tiny', 20, 16],
    ['large', 3001, 1999],
  ])('holds a %s picture in its upper left corner, black beyond', (_, width, height) => {
    const longer = Math.max(width, height)
    const level = (x: number, y: number, channel: number) =>
      60 + (120 * [x, y, x + y][channel]!) / (2 * longer)
    const square = letterbox(draw(width, height, level), 512)
    const scale = longer / 512
    for (let v = 0; v < 512; v += 13)
      for (let u = 0; u < 512; u += 13) {
        const [x, y] = [(u + 0.5) * scale, (v + 0.5) * scale]
        const rim = 2 * Math.max(1, scale) // where the edge's repetition shows
        const inside = x < width - rim && y < height - rim && x > rim && y > rim
        const outside = x > width + scale || y > height + scale
        for (let channel = 0; channel < 3; channel++) {
          const found = square[(v * 512 + u) * 3 + channel]!
          if (outside) expect(found).toBe(0)
          else if (inside) expect(Math.abs(found - level(x, y, channel))).toBeLessThan(1)
        }
      }
  })

  test('fine stripes become an even grey', () => {
    const stripes = draw(1300, 900, (x, y) => (Math.floor(x + y) % 2) * 255)
    const square = letterbox(stripes, 320)
    for (let v = 5; v < 210; v++)
      for (let u = 5; u < 315; u++) expect(Math.abs(square[(v * 320 + u) * 3]! - 127.5)).toBeLessThan(12)
  })

  test('an even picture stays even, whatever its shape', () => {
    const side = fc.integer({ min: 16, max: 900 })
    fc.assert(
      fc.property(side, side, (width, height) => {
        const square = letterbox(
          draw(width, height, () => 77),
          64,
        )
        const scale = Math.max(width, height) / 64
        for (let v = 0; v < Math.round(height / scale); v++)
          for (let u = 0; u < Math.round(width / scale); u++)
            expect(square[(v * 64 + u) * 3]).toBeCloseTo(77, 2)
      }),
      { numRuns: 30 },
    )
  })
})
