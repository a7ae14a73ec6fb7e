import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { holdsView, poseFromLandmarks, viewOf } from '../../src-main/vision/pose.ts'
import { project } from './synthetic-face.ts'

describe('pose from landmarks', () => {
  test.each([
    [{ roll: 20 }, 'tilted to the picture’s right', 'roll', 1],
    [{ roll: -20 }, 'tilted to the picture’s left', 'roll', -1],
    [{ yaw: 20 }, 'turned to the subject’s left: the nose moves to the picture’s right', 'yaw', 1],
    [{ yaw: -20 }, 'turned to the subject’s right', 'yaw', -1],
    [{ pitch: 15 }, 'looking up: the nose rises', 'pitch', 1],
    [{ pitch: -15 }, 'looking down', 'pitch', -1],
  ] as const)('%o, %s', (view, _, angle, sign) => {
    const front = poseFromLandmarks(project({}))
    const pose = poseFromLandmarks(project(view))
    expect(Math.sign(pose[angle] - front[angle])).toBe(sign)
    expect(Math.abs(pose[angle] - front[angle])).toBeGreaterThan(9)
    for (const other of ['roll', 'yaw', 'pitch'] as const)
      if (other !== angle) expect(Math.abs(pose[other] - front[other])).toBeLessThan(4)
  })

  test('the signs hold without a model: in a turned head the nose leaves the middle of the eyes', () => {
    const nose = (landmarks: Float32Array) =>
      landmarks[30 * 2]! - (landmarks[36 * 2]! + landmarks[45 * 2]!) / 2
    expect(nose(project({ yaw: 20 }))).toBeGreaterThan(5) // the picture's right is the subject's left
    expect(project({ pitch: 15 })[30 * 2 + 1]!).toBeLessThan(project({})[30 * 2 + 1]!)
  })

  test('any pose up to 30° comes back, wherever the face is and however large', () => {
    const angle = (most: number) => fc.double({ min: -most, max: most, noNaN: true })
    fc.assert(
      fc.property(
        angle(30),
        angle(20),
        angle(60),
        fc.double({ min: 0.2, max: 9, noNaN: true }),
        (yaw, pitch, roll, scale) => {
          const front = poseFromLandmarks(project({}))
          const pose = poseFromLandmarks(project({ yaw, pitch, roll, scale, x: 300, y: 200 }))
          expect(Math.abs(pose.roll - roll)).toBeLessThan(4)
          expect(Math.abs(pose.yaw - yaw)).toBeLessThan(8)
          expect(Math.abs(pose.pitch - front.pitch - pitch)).toBeLessThan(8)
        },
      ),
    )
  })
})

describe('guided views', () => {
  test.each([
    ['front', { roll: 30, yaw: 3, pitch: -4 }],
    ['left', { roll: 0, yaw: 20, pitch: 5 }],
    ['right', { roll: 0, yaw: -20, pitch: 5 }],
    ['up', { roll: 0, yaw: 5, pitch: 16 }],
    ['down', { roll: 0, yaw: 5, pitch: -16 }],
  ] as const)('%s', (view, pose) => {
    expect(holdsView(pose, view)).toBe(true)
    expect(viewOf(pose)).toBe(view)
    for (const other of ['front', 'left', 'right', 'up', 'down'] as const)
      if (other !== view) expect(holdsView(pose, other)).toBe(false)
  })
})
