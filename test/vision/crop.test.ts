import { describe, expect, test } from 'vitest'
import {
  alignmentOf,
  eyesAndMouth,
  keptCrop,
  netInput,
  netSidePx,
  standardSidePx,
} from '../../src-main/vision/crop.ts'
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
  ])('of an %s face has level eyes and its centroid at (0.5, 0.43) of the standard crop', (_, landmarks) => {
    const inCrop = toOutput(landmarks, alignmentOf(landmarks))
    const { leftEye, rightEye, mouth } = eyesAndMouth(inCrop)
    const margin = (cropSidePx - standardSidePx) / 2
    expect(leftEye.y).toBeCloseTo(rightEye.y, 3)
    expect((leftEye.x + rightEye.x + mouth.x) / 3).toBeCloseTo(margin + 0.5 * standardSidePx, 3)
    expect((leftEye.y + rightEye.y + mouth.y) / 3).toBeCloseTo(margin + 0.43 * standardSidePx, 3)
    const eyeToMouth =
      (Math.hypot(leftEye.x - mouth.x, leftEye.y - mouth.y) +
        Math.hypot(rightEye.x - mouth.x, rightEye.y - mouth.y)) /
      2
    expect(eyeToMouth).toBeCloseTo(0.45 * standardSidePx, 3)
  })

  test('shows of an upright face the square that face-api’s own alignment cuts', () => {
    // face-api's FaceLandmarks.alignDlib, without its rounding to whole pixels: size = eye–mouth distance / 0.45 …
    const { leftEye, rightEye, mouth } = eyesAndMouth(upright)
    const size =
      (Math.hypot(leftEye.x - mouth.x, leftEye.y - mouth.y) +
        Math.hypot(rightEye.x - mouth.x, rightEye.y - mouth.y)) /
      2 /
      0.45
    const x = (leftEye.x + rightEye.x + mouth.x) / 3 - 0.5 * size
    const y = (leftEye.y + rightEye.y + mouth.y) / 3 - 0.43 * size
    const margin = (cropSidePx - standardSidePx) / 2
    const [left, top, right, bottom] = toSource(
      [margin, margin, cropSidePx - margin, cropSidePx - margin],
      alignmentOf(upright),
    )
    expect(left).toBeCloseTo(x, 2)
    expect(top).toBeCloseTo(y, 2)
    expect(right).toBeCloseTo(x + size, 2)
    expect(bottom).toBeCloseTo(y + size, 2)
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

  test('is the central 192×192 of the kept crop at 150×150, and its mirror image', () => {
    const input = netInput(crop)
    expect(input.length).toBe(2 * netSidePx * netSidePx * 3)
    const length = netSidePx * netSidePx * 3
    for (let v = 0; v < netSidePx; v += 7)
      for (let u = 0; u < netSidePx; u += 7) {
        const x = 32 + ((u + 0.5) * 192) / 150
        const y = 32 + ((v + 0.5) * 192) / 150
        const at = (v * netSidePx + u) * 3
        expect(Math.abs(input[at]! - x / 2)).toBeLessThan(0.6)
        expect(Math.abs(input[at + 1]! - y / 2)).toBeLessThan(0.6)
        const mirrored = length + (v * netSidePx + netSidePx - 1 - u) * 3
        expect(input[mirrored]).toBe(input[at])
        expect(input[mirrored + 2]).toBe(input[at + 2])
      }
  })

  test('refuses a crop of another size', () => {
    expect(() => netInput(draw(150, 150, () => 0))).toThrow('256×256')
  })
})
