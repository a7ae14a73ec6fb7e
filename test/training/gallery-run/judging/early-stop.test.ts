import { expect, test } from 'vitest'
import { random } from '../../../../src-main/learning/random.ts'
import {
  missedUnder,
  setAside,
  stepToStopAt,
} from '../../../../src-main/training/gallery-run/judging/early-stop.ts'
import { identityHead } from '../../../../src-main/training/gallery-run/head/head.ts'
import { trainingSet } from '../../../../src-main/training/gallery-run/people/training-set.ts'

const d = 16

/** People round a centre each, eleven photographs: three are held out, eight train. */
function people(count: number, each = 11) {
  const source = random(1, 'early stop')
  const normal = (deviation: number) => Float32Array.from({ length: d }, () => deviation * source.normal())
  const rows = Array.from({ length: count }, (_, person) => {
    const centre = normal(1)
    return Array.from({ length: each }, (_, i) => {
      const vector = normal(0.2).map((value, k) => value + centre[k]!)
      const length = Math.hypot(...vector)
      return { person: person + 1, embedding: vector.map((value) => value / length), capturedAt: i }
    })
  })
  return trainingSet(rows.flat())
}

test('what is set aside comes out of the training photographs, never of those that judge', () => {
  const set = people(10)
  const aside = setAside(set)!
  for (const [person, rows] of set.training.entries()) {
    expect(rows).toHaveLength(8)
    expect([...aside.training[person]!, ...aside.heldOut[person]!]).toEqual(rows)
    expect(aside.heldOut[person]).toHaveLength(1) // a fifth of eight
    expect(aside.heldOut[person]!.some((row) => set.heldOut[person]!.includes(row))).toBe(false)
  }
})

test('nothing is set aside where too little could be', () => {
  expect(setAside(people(9))).toBe(null) // nine photographs
  expect(setAside(people(20, 3))).toBe(null) // two train, and both must stay
})

test('a head that throws everybody together misses what the one before it found', () => {
  const aside = setAside(people(20))!
  expect(missedUnder(aside, identityHead(d), 1e-4)).toEqual({ missed: 0, of: 20 })
  const onto = identityHead(d).map((value, i) => (i < 2 * d ? value : 0.001 * value))
  expect(missedUnder(aside, onto, 1e-4).missed).toBeGreaterThan(10)
})

test('a run stops at the last step that was no worse than the best by more than a photograph', () => {
  const looks = (missed: number[]) => missed.map((count, i) => ({ step: 20 * (i + 1), missed: count }))
  expect(stepToStopAt(looks([5, 2, 3, 9]), 80)).toBe(60)
  expect(stepToStopAt(looks([5, 4, 3, 2]), 80)).toBe(80)
  expect(stepToStopAt([], 80)).toBe(80)
})
