import { expect, test } from 'vitest'
import { cardCohortOf, isNamedBy } from '../../../../src-main/training/gallery-run/judging/card-cohort.ts'

const measuredOn = 'Labeled Faces in the Wild, deep-funneled, View 1 development people'

test('a cohort is the card’s where it bears the set’s name or its capitals', () => {
  expect(isNamedBy(measuredOn, 'labeled faces in the wild, half of it')).toBe(true)
  expect(isNamedBy(measuredOn, 'lfw-dev')).toBe(true)
  expect(isNamedBy(measuredOn, 'LFW')).toBe(true)
  expect(isNamedBy(measuredOn, 'our office')).toBe(false)
  expect(isNamedBy('Our office, 2026', 'O')).toBe(false) // one capital names nothing
})

test('the card’s own rate of one photograph against one goes with it', () => {
  const points = [{ fmr: 1e-3, threshold: 0.36, tmr: 0.95 }]
  const card = { version: '1', measuredOn, forms: [{ template: 1, burst: 1, operatingPoints: points }] }
  const people = { vectors: new Float32Array(2), people: Int32Array.of(0) }
  const found = cardCohortOf(card, (isNamed) => (isNamed('LFW') ? people : null))
  expect(found).toMatchObject({ people, fmr: 1e-3, tar: 0.95 })
  expect(cardCohortOf(card, () => null)).toBe(null)
  expect(cardCohortOf({ ...card, forms: [] }, () => people)).toBe(null)
})
