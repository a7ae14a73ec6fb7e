import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Picture } from '../../src-main/vision/face.ts'
import { sample } from '../../src-main/vision/sample.ts'
import { squareAround, toOutput, toSource } from '../../src-main/vision/similarity.ts'
import { draw, noise } from './drawn-picture.ts'

const random = noise(1)
const speckled = draw(40, 30, () => random() * 255)

/** The picture's level at a point, straight lines between pixel centres, outermost pixels repeated: by the definition. */
function levelAt({ width, height, rgb }: Picture, x: number, y: number, channel: number): number {
  let sum = 0
  for (let row = Math.floor(y - 0.5); row <= Math.floor(y - 0.5) + 1; row++)
    for (let column = Math.floor(x - 0.5); column <= Math.floor(x - 0.5) + 1; column++) {
      const weight = (1 - Math.abs(column + 0.5 - x)) * (1 - Math.abs(row + 0.5 - y))
      const inRow = Math.min(Math.max(row, 0), height - 1)
      const inColumn = Math.min(Math.max(column, 0), width - 1)
      sum += weight * rgb[(inRow * width + inColumn) * 3 + channel]!
    }
  return sum
}

describe('sampling through a similarity transform', () => {
  test('leaves a picture as it is under the identity', () => {
    const same = sample(speckled, { a: 1, b: 0, x0: 0, y0: 0 }, 40, 30, new Uint8ClampedArray(40 * 30 * 3))
    expect(new Uint8Array(same)).toEqual(speckled.rgb)
  })

  test('turns by a quarter exactly', () => {
    const turned = sample(speckled, { a: 0, b: 1, x0: 30, y0: 0 }, 30, 30, new Float32Array(30 * 30 * 3))
    for (let v = 0; v < 30; v++)
      for (let u = 0; u < 30; u++) expect(turned[(v * 30 + u) * 3]).toBe(speckled.rgb[(u * 40 + 29 - v) * 3])
  })

  test('enlarged, agrees with the definition of bilinear interpolation, beyond the edges too', () => {
    const similarity = squareAround({ x: 5, y: 27 }, 21, 0.7, 32)
    const enlarged = sample(speckled, similarity, 32, 32, new Float32Array(32 * 32 * 3))
    for (let v = 0; v < 32; v++)
      for (let u = 0; u < 32; u++) {
        const [x, y] = toSource([u + 0.5, v + 0.5], similarity)
        for (let channel = 0; channel < 3; channel++)
          expect(enlarged[(v * 32 + u) * 3 + channel]).toBeCloseTo(levelAt(speckled, x!, y!, channel), 2)
      }
  })

  test.each([1.5, 2, 3.3, 7.9])('shrunk %f times, no fine detail is left to alias', (scale) => {
    // One-pixel stripes at 45°: what a careless sampler turns into waves.
    const stripes = draw(400, 400, (x, y) => (Math.floor(x + y) % 2) * 255)
    const side = Math.floor(300 / scale)
    const shrunk = sample(
      stripes,
      { a: scale, b: 0, x0: 50, y0: 50 },
      side,
      side,
      new Float32Array(side * side * 3),
    )
    const worst = shrunk.reduce((most, level) => Math.max(most, Math.abs(level - 127.5)), 0)
    expect(worst).toBeLessThan(scale < 2 ? 66 : 14) // one sample per pixel: 127
  })

  test('shrunk, a smooth picture keeps its levels where they were', () => {
    const slope = draw(600, 400, (x, y, channel) => 20 + x / 4 + y / 8 + channel)
    const similarity = squareAround({ x: 300, y: 200 }, 250, 0.5, 40)
    const shrunk = sample(slope, similarity, 40, 40, new Float32Array(40 * 40 * 3))
    for (let v = 0; v < 40; v++)
      for (let u = 0; u < 40; u++) {
        const [x, y] = toSource([u + 0.5, v + 0.5], similarity)
        for (let channel = 0; channel < 3; channel++)
          expect(
            Math.abs(shrunk[(v * 40 + u) * 3 + channel]! - (20 + x! / 4 + y! / 8 + channel)),
          ).toBeLessThan(1)
      }
  })

  test('beyond the edge the outermost pixels are repeated, or it is black', () => {
    const white = draw(20, 20, () => 255)
    const far = { a: 1, b: 0, x0: -30, y0: -30 }
    expect(sample(white, far, 20, 20, new Float32Array(1200)).every((level) => level === 255)).toBe(true)
    expect(sample(white, far, 20, 20, new Float32Array(1200), 'black').every((level) => level === 0)).toBe(
      true,
    )
  })

  test('never leaves the range of the picture, wherever it looks', () => {
    const grey = draw(23, 17, (x) => 100 + 2 * x)
    const coordinate = fc.double({ min: -100, max: 100, noNaN: true })
    const side = fc.double({ min: 0.5, max: 400, noNaN: true })
    const angle = fc.double({ min: -4, max: 4, noNaN: true })
    fc.assert(
      fc.property(coordinate, coordinate, side, angle, (x, y, width, turn) => {
        const looked = sample(grey, squareAround({ x, y }, width, turn, 12), 12, 12, new Float32Array(432))
        for (const level of looked) expect(level >= 100 && level <= 147).toBe(true)
      }),
    )
  })
})

test('toOutput undoes toSource', () => {
  const similarity = squareAround({ x: 12, y: -7 }, 33, 2.2, 150)
  const points = [0, 0, 150, 0, 75, 75, -20, 400]
  expect(
    Array.from(toOutput(toSource(points, similarity), similarity)).map((n) => Math.round(n * 1e3) / 1e3 + 0),
  ).toEqual(points)
})
