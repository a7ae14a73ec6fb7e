import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { luminanceOf, raiseLight } from '../../src-main/vision/light.ts'
import { draw, noise } from './drawn-picture.ts'

const mean = (levels: Uint8Array, keep: (at: number) => boolean = () => true) => {
  const kept = levels.filter((_, at) => keep(at))
  return kept.reduce((sum, level) => sum + level, 0) / kept.length
}

const spread = (levels: Uint8Array) => {
  const middle = mean(levels)
  return Math.sqrt(levels.reduce((sum, level) => sum + (level - middle) ** 2, 0) / levels.length)
}

describe('raised light', () => {
  const random = noise(5)
  const scene = draw(160, 120, (x, y) => 128 + 60 * Math.sin(x / 9) * Math.cos(y / 7) + 30 * random())

  test('a dark picture becomes lighter and richer in contrast', () => {
    const dark = { ...scene, rgb: scene.rgb.map((level) => level * 0.08) }
    const [before, after] = [luminanceOf(dark), luminanceOf(raiseLight(dark))]
    expect(mean(after)).toBeGreaterThan(3 * mean(before))
    expect(spread(after)).toBeGreaterThan(3 * spread(before))
  })

  test('of two sides, one lit and one in shadow, the shadow comes up', () => {
    const lit = {
      ...scene,
      rgb: scene.rgb.map((level, i) => (Math.floor(i / 3) % 160 < 80 ? level : level * 0.1)),
    }
    const sides = (levels: Uint8Array) =>
      mean(levels, (at) => at % 160 >= 100) / mean(levels, (at) => at % 160 < 60)
    expect(sides(luminanceOf(lit))).toBeLessThan(0.12)
    expect(sides(luminanceOf(raiseLight(lit)))).toBeGreaterThan(0.3)
  })

  test('noise in an even area is not blown up to texture', () => {
    const wall = draw(160, 120, () => 100 + 2 * random())
    expect(spread(luminanceOf(raiseLight(wall)))).toBeLessThan(6)
  })

  test('any picture keeps its size, and the original stays as it was', () => {
    const side = fc.integer({ min: 16, max: 60 })
    fc.assert(
      fc.property(side, side, (width, height) => {
        const picture = draw(width, height, (x, y, channel) => (x * 7 + y * 13 + channel * 50) % 256)
        const before = picture.rgb.slice()
        const raised = raiseLight(picture)
        expect([raised.width, raised.height, raised.rgb.length]).toEqual([width, height, width * height * 3])
        expect(picture.rgb).toEqual(before)
      }),
      { numRuns: 20 },
    )
  })
})
