import { expect, test } from 'vitest'
import {
  agoWords,
  countWords,
  distanceWords,
  largeGalleryWords,
  measureWords,
  rateWords,
  remainingWords,
} from '../../src-renderer/wording.ts'

test('rates are said as people say them', () => {
  expect(rateWords(1e-4)).toBe('1 in 10,000')
  expect(rateWords(0.01)).toBe('1 in 100')
})

test('one is singular', () => {
  expect(countWords(1, 'person', 'people')).toBe('1 person')
  expect(countWords(1234, 'person', 'people')).toBe('1,234 people')
})

test('a distance always has three decimals, so that figures line up', () => {
  expect(distanceWords(0.5)).toBe('0.500')
})

test('what was long ago is given as a date', () => {
  const now = Date.UTC(2026, 10, 22, 12)
  expect(agoWords(now - 10_000, now)).toBe('just now')
  expect(agoWords(now - 180_000, now)).toBe('3 minutes ago')
  expect(agoWords(now - 24 * 3_600_000, now)).toBe('yesterday')
  expect(agoWords(now - 30 * 86_400_000, now)).toBe('23 Oct 2026')
})

test('remaining time is rounded to what is worth knowing', () => {
  expect(remainingWords(40_400)).toBe('about 40 s left')
  expect(remainingWords(150_000)).toBe('about 3 min left')
  expect(remainingWords(null)).toBe('')
})

test('a measure is given with its unit and its limit', () => {
  expect(
    measureWords({
      component: 'InterEyeDistance',
      value: 31,
      limit: 60,
      unit: 'px',
      passes: false,
      sentence: '',
    }),
  ).toBe('Distance between the eyes: 31 px, limit 60 px')
})

test('a gallery file that the page cannot take in again is said to need the command line', () => {
  expect(largeGalleryWords(256 * 1024 * 1024)).toBe(null)
  expect(largeGalleryWords(256 * 1024 * 1024 + 1)).toContain('semblance import')
})
