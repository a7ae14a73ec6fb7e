import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { letterbox, type Square } from '../../src-main/vision/letterbox.ts'
import { draw } from './drawn-picture.ts'

const whole = (sidePx: number): Square => ({ sidePx, rowStep: sidePx })

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
    const { values } = letterbox(draw(width, height, level), whole(512))
    const scale = longer / 512
    for (let v = 0; v < 512; v += 13)
      for (let u = 0; u < 512; u += 13) {
        const [x, y] = [(u + 0.5) * scale, (v + 0.5) * scale]
        const rim = 2 * Math.max(1, scale) // where the edge's repetition shows
        const inside = x < width - rim && y < height - rim && x > rim && y > rim
        const outside = x > width + scale || y > height + scale
        for (let channel = 0; channel < 3; channel++) {
          const found = values[(channel * 512 + v) * 512 + u]!
          if (outside) expect(found).toBe(0)
          else if (inside) expect(Math.abs(found - level(x, y, channel))).toBeLessThan(1)
        }
      }
  })

  test('fine stripes become an even grey', () => {
    const stripes = draw(1300, 900, (x, y) => (Math.floor(x + y) % 2) * 255)
    const { values } = letterbox(stripes, whole(320))
    for (let v = 5; v < 210; v++)
      for (let u = 5; u < 315; u++) expect(Math.abs(values[v * 320 + u]! - 127.5)).toBeLessThan(12)
  })

  test('an even picture stays even, whatever its shape', () => {
    const side = fc.integer({ min: 16, max: 900 })
    fc.assert(
      fc.property(side, side, (width, height) => {
        const even = draw(width, height, () => 77)
        const { values } = letterbox(even, whole(64))
        const scale = Math.max(width, height) / 64
        for (let v = 0; v < Math.round(height / scale); v++)
          for (let u = 0; u < Math.round(width / scale); u++) expect(values[v * 64 + u]).toBeCloseTo(77, 2)
      }),
      { numRuns: 30 },
    )
  })

  test.each([
    ['as it is', 640, 480, { left: 0, top: 0 }, 96],
    ['shrunk by blocks first', 1300, 700, { left: 0, top: 0 }, 96],
    ['with a border', 640, 480, { left: 320, top: 160 }, 96],
    ['so tall that no row is left out', 300, 300, { left: 0, top: 0 }, 128],
  ])(
    'may end a few rows below the picture, %s: those rows are the same',
    (_, width, height, border, rows) => {
      const picture = draw(width, height, (x, y, channel) => (x * 3 + y * 5 + channel * 40) % 256)
      const all = letterbox(picture, whole(128), border)
      const upper = letterbox(picture, { ...whole(128), rowStep: 32 }, border)
      expect(upper.rows).toBe(rows)
      for (let channel = 0; channel < 3; channel++)
        expect(upper.values.subarray(channel * rows * 128, (channel + 1) * rows * 128)).toEqual(
          all.values.subarray(channel * 128 * 128, channel * 128 * 128 + rows * 128),
        )
    },
  )
})
