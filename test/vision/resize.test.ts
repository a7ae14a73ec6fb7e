import { describe, expect, test } from 'vitest'
import { resize, type Part } from '../../src-main/vision/resize.ts'
import { draw } from './drawn-picture.ts'

const noise = draw(37, 29, (x, y, channel) => (Math.floor(x) * 97 + Math.floor(y) * 57 + channel * 31) % 256)

/** The definition, pixel by pixel: a triangle of the widened filter in both directions, the edge repeated. */
function slowly(part: Part, width: number, height: number): number[] {
  const weightsAt = (i: number, start: number, scale: number, length: number) => {
    const reach = Math.max(1, scale)
    const centre = start + (i + 0.5) * scale - 0.5
    const weights = new Map<number, number>()
    let sum = 0
    for (let place = Math.floor(centre - reach) - 1; place <= centre + reach + 1; place++) {
      const weight = Math.max(0, 1 - Math.abs(place - centre) / reach)
      const inside = Math.min(Math.max(place, 0), length - 1)
      weights.set(inside, (weights.get(inside) ?? 0) + weight)
      sum += weight
    }
    return [...weights].map(([place, weight]) => [place, weight / sum] as const)
  }
  const resized: number[] = []
  for (let v = 0; v < height; v++)
    for (let u = 0; u < width; u++)
      for (let channel = 0; channel < 3; channel++) {
        let value = 0
        for (const [y, down] of weightsAt(v, part.top, part.height / height, noise.height))
          for (const [x, across] of weightsAt(u, part.left, part.width / width, noise.width))
            value += down * across * noise.rgb[(y * noise.width + x) * 3 + channel]!
        resized.push(value)
      }
  return resized
}

const whole = { left: 0, top: 0, width: 37, height: 29 }

describe('resizing', () => {
  test.each<[string, Part, number, number]>([
    ['to the same size', whole, 37, 29],
    ['to a little less: two or three pixels make one', whole, 30, 23],
    ['to little more than half: four make one', whole, 19, 15],
    ['to more', whole, 80, 71],
    ['of a part between pixels', { left: 3.3, top: 2.7, width: 20.9, height: 17.1 }, 15, 12],
    ['of a part that reaches over the edge', { left: -4.5, top: 20, width: 22, height: 14 }, 18, 11],
    ['with a wide border', { left: -37, top: -9.5, width: 111, height: 48 }, 74, 40],
  ])('%s is what its definition says', (_what, part, width, height) => {
    const values = new Float32Array(3 * width * height)
    resize(noise, part, width, height, { values, rows: height, columns: width })
    slowly(part, width, height).forEach((value, i) => {
      const [place, channel] = [Math.floor(i / 3), i % 3]
      expect(values[channel * width * height + place]).toBeCloseTo(value, 3)
    })
  })

  test('leaves alone what lies beside and below', () => {
    const part = { left: 0, top: 0, width: 12, height: 10 }
    const values = new Float32Array(3 * 10 * 9).fill(-9)
    resize(noise, part, 8, 7, { values, rows: 9, columns: 10 })
    values.forEach((value, i) => {
      const [row, column] = [Math.floor((i % 90) / 10), i % 10]
      if (row >= 7 || column >= 8) expect(value).toBe(-9)
      else expect(value).toBeGreaterThanOrEqual(0)
    })
  })

  test('to half or less is refused: whole factors come first', () => {
    expect(() =>
      resize(noise, whole, 18, 29, { values: new Float32Array(3 * 18 * 29), rows: 29, columns: 18 }),
    ).toThrow('not by 2.05')
  })
})
