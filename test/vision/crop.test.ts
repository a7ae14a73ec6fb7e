import { describe, expect, test } from 'vitest'
import { alignmentOf, standardPlaces, standardSidePx } from '../../src-main/vision/alignment.ts'
import { eyesAndMouth, keptCrop, netImages, netInput, netSidePx } from '../../src-main/vision/crop.ts'
import { cropSidePx } from '../../src-main/vision/face.ts'
import { toOutput, toSource } from '../../src-main/vision/similarity.ts'
import { draw } from './drawn-picture.ts'
import { project } from './synthetic-face.ts'

const upright = project({ scale: 1.3, x: 210, y: 160 })
const tilted = project({ scale: 0.8, x: 200, y: 180, roll: 27 })

describe('the kept crop', () => {
  test.each([
    ['upright', upright],
    ['tilted', tilted],
  ])('of an %s face has level eyes and face-api’s geometry', (_, landmarks) => {
    // The rule of face-api's alignDlib, which the places of the landmarks were averaged from. This drawn face is not the
    // mean face: a hundredth of the side is left to it.
    const inCrop = toOutput(landmarks, alignmentOf(landmarks))
    const { leftEye, rightEye, mouth } = eyesAndMouth(inCrop)
    const share = (px: number) => (px - (cropSidePx - standardSidePx) / 2) / standardSidePx
    expect(Math.abs(leftEye.y - rightEye.y)).toBeLessThan(0.01)
    expect(share((leftEye.x + rightEye.x + mouth.x) / 3)).toBeCloseTo(0.5, 2)
    expect(Math.abs(share((leftEye.y + rightEye.y + mouth.y) / 3) - 0.43)).toBeLessThan(0.015)
    const eyeToMouth =
      (Math.hypot(leftEye.x - mouth.x, leftEye.y - mouth.y) +
        Math.hypot(rightEye.x - mouth.x, rightEye.y - mouth.y)) /
      2
    expect(Math.abs(eyeToMouth / standardSidePx - 0.45)).toBeLessThan(0.015)
  })

  test('is where least squares put it: any other similarity is farther from the landmarks’ places', () => {
    const noisy = upright.map((value, i) => value + 4 * Math.sin(i * 12.9898))
    const found = alignmentOf(noisy)
    const error = (similarity: typeof found) => {
      const inCrop = standardPlaces.flatMap(([, u, v]) => [
        128 + standardSidePx * u,
        128 + standardSidePx * v,
      ])
      const placed = toSource(inCrop, similarity)
      return standardPlaces.reduce(
        (sum, [landmark], i) =>
          sum +
          (placed[i * 2]! - noisy[landmark * 2]!) ** 2 +
          (placed[i * 2 + 1]! - noisy[landmark * 2 + 1]!) ** 2,
        0,
      )
    }
    for (const key of ['a', 'b', 'x0', 'y0'] as const)
      for (const step of key.length === 1 ? [0.01, -0.01] : [0.3, -0.3])
        expect(error({ ...found, [key]: found[key] + step })).toBeGreaterThan(error(found))
  })

  test('holds the picture’s levels at the places the geometry says', () => {
    // Smooth, so that any right way of sampling gives nearly the same level; each channel another slope.
    const level = (x: number, y: number, channel: number) => [x / 2, y / 2, 40 + x / 4 + y / 8][channel]!
    const picture = draw(400, 400, level)
    const crop = keptCrop(picture, tilted)
    const { leftEye, rightEye } = eyesAndMouth(tilted)
    const angle = Math.atan2(rightEye.y - leftEye.y, rightEye.x - leftEye.x)
    expect((angle * 180) / Math.PI).toBeCloseTo(27, 1)
    const [middleX, middleY] = toSource([128, 128], alignmentOf(tilted)) as unknown as [number, number]
    const scale = Math.hypot(
      ...(toSource([129, 128], alignmentOf(tilted)).map((n, i) => n - [middleX, middleY][i]!) as unknown as [
        number,
        number,
      ]),
    )
    for (let v = 0; v < cropSidePx; v += 5)
      for (let u = 0; u < cropSidePx; u += 5) {
        const [du, dv] = [(u + 0.5 - 128) * scale, (v + 0.5 - 128) * scale]
        const x = middleX + du * Math.cos(angle) - dv * Math.sin(angle)
        const y = middleY + du * Math.sin(angle) + dv * Math.cos(angle)
        if (x < 1 || y < 1 || x > 399 || y > 399) continue
        for (let channel = 0; channel < 3; channel++)
          expect(Math.abs(crop.rgb[(v * cropSidePx + u) * 3 + channel]! - level(x, y, channel))).toBeLessThan(
            1.2,
          )
      }
  })

  test('repeats the outermost pixels where the face leaves the picture', () => {
    const picture = draw(60, 60, () => 200)
    expect(keptCrop(picture, project({ scale: 1, x: 5, y: 5 })).rgb.every((level) => level === 200)).toBe(
      true,
    )
  })
})

describe('the recognition net’s input', () => {
  const crop = draw(cropSidePx, cropSidePx, (x, y, channel) => [x / 2, y / 2, 250 - x / 3][channel]!)

  test('is two cuts round the standard crop at 150×150, each with its mirror image', () => {
    const input = netInput(crop)
    const length = netSidePx * netSidePx * 3
    expect(input.length).toBe(netImages * length)
    for (const [cut, side] of [0.94, 1.12].entries())
      for (let v = 0; v < netSidePx; v += 7)
        for (let u = 0; u < netSidePx; u += 7) {
          const sidePx = side * standardSidePx
          const x = 128 - sidePx / 2 + ((u + 0.5) * sidePx) / netSidePx
          const y = 128 - sidePx / 2 - 0.015 * standardSidePx + ((v + 0.5) * sidePx) / netSidePx
          const at = 2 * cut * length + (v * netSidePx + u) * 3
          expect(Math.abs(input[at]! - x / 2)).toBeLessThan(0.6)
          expect(Math.abs(input[at + 1]! - y / 2)).toBeLessThan(0.6)
          const mirrored = (2 * cut + 1) * length + (v * netSidePx + netSidePx - 1 - u) * 3
          expect(input[mirrored]).toBe(input[at])
          expect(input[mirrored + 2]).toBe(input[at + 2])
        }
  })

  test('refuses a crop of another size', () => {
    expect(() => netInput(draw(150, 150, () => 0))).toThrow('256×256')
  })
})
