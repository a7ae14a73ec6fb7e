import { expect, test } from 'vitest'
import { random } from '../../../../src-main/learning/random.ts'
import type { Distances } from '../../../../src-main/training/gate/paired.ts'
import { crossFitted } from '../../../../src-main/training/gallery-run/judging/cross-fitted.ts'
import {
  ascending,
  equalThreshold,
} from '../../../../src-main/training/gallery-run/judging/equal-threshold.ts'

const nobody: Distances = {
  people: new Int32Array(0),
  references: new Int32Array(0),
  before: new Float32Array(0),
  after: new Float32Array(0),
}

/** Strangers −1, −2 …, each compared with as many templates. */
function strangers(people: number, templates: number, after: (stranger: number, before: number) => number) {
  const source = random(1, 'cross-fitted')
  const place = Array.from({ length: people * templates }, (_, i) => Math.floor(i / templates))
  const before = Float32Array.from(place, () => 0.5 + 0.5 * source.uniform())
  return {
    genuine: nobody,
    impostor: {
      people: Int32Array.from(place, (each) => -1 - each),
      references: Int32Array.from(place, (_, i) => i % templates),
      before,
      after: before.map((distance, i) => after(place[i]!, distance)),
    },
  }
}

test('each half of the people is judged at the threshold that the other half gives', () => {
  // Every other stranger has come twice as near.
  const paired = strangers(6, 40, (stranger, before) => (stranger % 2 === 0 ? before / 2 : before))
  const [first, second] = crossFitted(paired, 0.6)
  expect([...new Set(first!.impostor.people)]).toEqual([-1, -3, -5])
  expect([...new Set(second!.impostor.people)]).toEqual([-2, -4, -6])
  expect(first!.threshold).toEqual({ before: 0.6, after: expect.closeTo(0.6, 6) as number })
  expect(second!.threshold).toEqual({ before: 0.6, after: expect.closeTo(0.3, 6) as number })
  const all = [...first!.impostor.before, ...second!.impostor.before].sort()
  expect(Float32Array.from(all)).toEqual(paired.impostor.before.toSorted())
  // All those who came nearer pass: the other half knew nothing of it.
  const passing = first!.impostor.after.filter((distance) => distance <= first!.threshold.after).length
  expect(passing).toBeGreaterThan(3 * first!.impostor.before.filter((distance) => distance <= 0.6).length)
})

test('a threshold judged by the distances it was chosen from passes as many as before, whatever they are', () => {
  const source = random(2, 'noise')
  const paired = strangers(20, 50, () => source.uniform())
  const { impostor } = paired
  const passing = (distances: Float32Array, threshold: number) =>
    distances.filter((distance) => distance <= threshold).length
  const own = equalThreshold(ascending(impostor), 0.6)
  expect(Math.abs(passing(impostor.after, own) - passing(impostor.before, 0.6))).toBeLessThan(15)
  const parts = crossFitted(paired, 0.6)
  expect(parts).toHaveLength(2)
  for (const [i, part] of parts.entries()) {
    const other = parts[1 - i]!.impostor
    expect(part.threshold.after).toBe(equalThreshold(ascending(other), 0.6))
    expect(part.threshold.after).not.toBe(equalThreshold(ascending(part.impostor), 0.6))
  }
})

test('one stranger cannot be parted', () => {
  expect(
    crossFitted(
      strangers(1, 5, (_, before) => before),
      0.6,
    ),
  ).toEqual([])
})
