import { expect, test } from 'vitest'
import { RecentProbes, type Probe } from '../../../src-main/engine/retraining/recent-probes.ts'

const probe = (attempt: number, person: number): Probe => ({
  attempt,
  person,
  outcome: 'no-match',
  distance: 0.7,
  modelVersion: '1',
  face: {
    crop: { width: 1, height: 1, rgb: new Uint8Array(3) },
    features: new Float32Array(256),
    embedding: new Float32Array(128),
  },
})

test('an attempt whose number was given again shows its own picture, not that of the one that was not written', () => {
  const probes = new RecentProbes(() => 0)
  probes.keep(probe(7, 1)) // the disk was full: nothing was written, and the number is free again
  probes.keep(probe(7, 2))
  expect(probes.of(7)).toMatchObject({ person: 2 })
})

test('eight are kept for five minutes, the newest', () => {
  let now = 0
  const probes = new RecentProbes(() => now)
  for (let attempt = 1; attempt <= 9; attempt++) probes.keep(probe(attempt, attempt))
  expect([1, 2, 9].map((attempt) => probes.of(attempt)?.person ?? null)).toEqual([null, 2, 9])
  expect([1, 9].map((attempt) => probes.until(attempt))).toEqual([null, 5 * 60_000])
  now = 5 * 60_000
  expect(probes.until(9)).toBe(null)
  expect(probes.of(9)).toBe(null)
})
