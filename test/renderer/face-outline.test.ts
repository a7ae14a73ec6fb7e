import { expect, test } from 'vitest'
import { outlinePath } from '../../src-renderer/parts/face-outline.ts'
import { drawnLandmarks } from './drawn-face.ts'

const points = (path: string) =>
  [...path.matchAll(/(-?[\d.]+) (-?[\d.]+)(?=C|Z)/g)].map(([, x, y]) => [Number(x), Number(y)] as const)

test('the outline passes through the whole jaw and closes above the brows', () => {
  const landmarks = drawnLandmarks()
  const path = outlinePath(landmarks)
  const passed = points(path)
  for (let i = 0; i < 17; i++) {
    const [x, y] = [landmarks[2 * i] ?? 0, landmarks[2 * i + 1] ?? 0]
    expect(Math.min(...passed.map(([px, py]) => Math.hypot(px - x, py - y)))).toBeLessThan(0.1)
  }
  const browHeight = landmarks[2 * 19 + 1] ?? 0
  expect(Math.min(...passed.map(([, y]) => y))).toBeLessThan(browHeight - 40)
  expect(path).toMatch(/^M.*Z$/)
})
