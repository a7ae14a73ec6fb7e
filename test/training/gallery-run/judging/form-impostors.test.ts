import { expect, test } from 'vitest'
import { random } from '../../../../src-main/learning/random.ts'
import { candidateCard, type Card } from '../../../../src-main/training/gallery-run/judging/candidate-card.ts'
import { equalThreshold } from '../../../../src-main/training/gallery-run/judging/equal-threshold.ts'
import {
  formImpostors,
  rowsByPerson,
  type PeopleUnderBoth,
} from '../../../../src-main/training/gallery-run/judging/form-impostors.ts'

const dimension = 12

/** People with so many photographs; the other model sees a person's photographs nearer together, people as they were. */
function drawn(people: number, each: number, seed: number): PeopleUnderBoth {
  const source = random(seed, 'form impostors')
  const normal = (spread: number) => Array.from({ length: dimension }, () => spread * source.normal())
  const owners = Int32Array.from({ length: people * each }, (_, row) => Math.floor(row / each))
  const centres = Array.from({ length: people }, () => normal(1))
  const [before, after] = [
    new Float32Array(owners.length * dimension),
    new Float32Array(owners.length * dimension),
  ]
  for (const [row, person] of owners.entries()) {
    const noise = normal(1)
    const unit = (share: number) => {
      const vector = centres[person]!.map((value, k) => value + share * noise[k]!)
      const length = Math.hypot(...vector)
      return vector.map((value) => value / length)
    }
    before.set(unit(1), row * dimension)
    after.set(unit(0.2), row * dimension)
  }
  return { before, after, dimension, rows: rowsByPerson(owners) }
}

/** One distance after another, each template and probe added up by hand. */
function slow(of: PeopleUnderBoth, side: 'before' | 'after', template: number, burst: number): number[] {
  const vector = (rows: readonly number[]) => {
    const sum = Array.from({ length: dimension }, (_, k) =>
      rows.reduce((total, row) => total + of[side][row * dimension + k]!, 0),
    )
    const length = Math.hypot(...sum)
    return sum.map((value) => value / length)
  }
  const groups = (size: number) =>
    of.rows.flatMap((rows, person) => {
      const found: { person: number; vector: number[] }[] = []
      for (let at = 0; at + size <= rows.length && found.length < 5; at += size)
        found.push({ person, vector: vector(rows.slice(at, at + size)) })
      return found
    })
  return groups(burst)
    .flatMap((probe) =>
      groups(template)
        .filter(({ person }) => person !== probe.person)
        .map((reference) => Math.hypot(...probe.vector.map((value, k) => value - reference.vector[k]!))),
    )
    .sort((a, b) => a - b)
}

test.each([
  [1, 1],
  [3, 1],
  [2, 3],
])('templates of %i against probes of %i are what a slow loop compares', (template, burst) => {
  const people = drawn(12, 6, 1)
  const found = formImpostors(people, null)(template, burst)!
  for (const side of ['before', 'after'] as const) {
    const expected = slow(people, side, template, burst)
    expect(found[side]).toHaveLength(expected.length)
    expected.forEach((distance, i) => expect(found[side][i]).toBeCloseTo(distance, 5))
  }
})

test('strangers probe the templates of others, and nobody has a form that there are too few photographs for', () => {
  const [gallery, strangers] = [drawn(10, 4, 1), drawn(30, 1, 2)]
  const forms = formImpostors(gallery, strangers)
  expect(forms(4, 1)!.before).toHaveLength(10 * 30)
  expect(forms(1, 1)!.before).toHaveLength(10 * 4 * 30)
  expect(forms(5, 1)).toBe(null) // nobody has five
  expect(forms(1, 2)).toBe(null) // no stranger has two
  expect(formImpostors(drawn(4, 9, 1), strangers)(1, 1)).toBe(null) // four people are no measure
  expect(formImpostors(drawn(5, 1, 1), null)(1, 1)).toBe(null) // nor are twenty comparisons
})

test('a network’s card moves each form as far as that form moved, and others as far as the threshold in use', () => {
  const people = drawn(20, 6, 3)
  const forms = formImpostors(people, null)
  const by = 'people it was not trained on'
  const card: Card = {
    version: '1',
    measuredOn: 'Drawn people, 1',
    forms: [
      [1, 1],
      [3, 1],
      [3, 3],
      [10, 1],
    ].map(([template, burst]) => ({
      template: template!,
      burst: burst!,
      operatingPoints: [{ fmr: 1e-2, threshold: 0.7 }],
    })),
  }
  const moved = candidateCard(card, '1-net', 1.1, { by, forms: [forms] })
  const thresholds = moved.forms.map(({ operatingPoints }) => operatingPoints[0]!.threshold)
  const expected = (template: number, burst: number) => equalThreshold(forms(template, burst)!, 0.7)
  expect(thresholds).toEqual([expected(1, 1), expected(3, 1), expected(3, 3), 0.7 * 1.1])
  // One photograph holds more of what the other model leaves out than a mean of three does.
  expect(new Set(thresholds.map((threshold) => threshold.toFixed(3))).size).toBe(4)
  expect(moved.measuredOn).toContain('at equal rates of people it was not trained on')
  const strict = candidateCard(card, '1-net', 1.1, {
    by: 'gallery people',
    forms: [forms],
    isNeverLaxer: true,
  })
  expect(strict.forms.map(({ operatingPoints }) => operatingPoints[0]!.threshold)).toEqual(
    thresholds.map((threshold) => Math.min(0.7, threshold)),
  )
  // Folds have a network each: their mean.
  const other = formImpostors(drawn(20, 6, 4), null)
  const mean = candidateCard(card, '1-net', 1.1, { by, forms: [forms, other] }).forms[1]!.operatingPoints[0]!
  expect(mean.threshold).toBeCloseTo((expected(3, 1) + equalThreshold(other(3, 1)!, 0.7)) / 2, 10)
})
