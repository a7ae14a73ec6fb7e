import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  clopperPearson,
  exactLower,
  exactUpper,
  ruleOfThree,
} from '../../src-main/evaluation/binomial-bounds.ts'
import { incompleteBeta, inverseIncompleteBeta } from '../../src-main/evaluation/incomplete-beta.ts'
import { normalCdf, probit, studentQuantile } from '../../src-main/evaluation/normal.ts'
import { leastPeopleFor, supportedFmr } from '../../src-main/evaluation/supported-rate.ts'

describe('exact bounds', () => {
  test.each([
    // Clopper & Pearson's intervals as printed in tables (Diem & Lentner 1970; Brown, Cai & DasGupta 2001)
    [0, 10, 0, 0.3085],
    [1, 10, 0.0025, 0.445],
    [5, 10, 0.1871, 0.8129],
    [10, 10, 0.6915, 1],
    [0, 20, 0, 0.1684],
    [2, 20, 0.0123, 0.317],
    [10, 100, 0.049, 0.1762],
  ])('%i of %i: the printed table', (errors, trials, low, high) => {
    const interval = clopperPearson(errors, trials)
    expect(interval.low).toBeCloseTo(low, 3)
    expect(interval.high).toBeCloseTo(high, 3)
  })

  test('the bound is the rate at which so few errors come with 5 %: a slow sum says so', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.nat(60), (trials, errors) => {
        if (errors >= trials) return
        const p = exactUpper(errors, trials)
        let [term, sum] = [(1 - p) ** trials, 0]
        for (let k = 0; k <= errors; k++) {
          sum += term
          term *= ((trials - k) / (k + 1)) * (p / (1 - p))
        }
        expect(sum).toBeCloseTo(0.05, 9)
      }),
    )
  })

  test('lower and upper mirror each other', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, share) => {
          const k = Math.round(n * share)
          expect(exactLower(k, n)).toBeCloseTo(1 - exactUpper(n - k, n), 9)
        },
      ),
    )
  })

  test('three errorless hundred bound the rate by a hundredth', () => {
    expect(ruleOfThree(300)).toBe(0.01)
    expect(exactUpper(0, 300)).toBeCloseTo(0.01, 3)
  })

  test('no trials bound nothing', () => {
    expect(clopperPearson(0, 0)).toEqual({ low: 0, high: 1 })
  })
})

test('the inverse undoes the incomplete beta function, at 2·10⁸ trials too', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      fc.double({ min: 0.3, max: 1e3, noNaN: true }),
      fc.double({ min: 0.3, max: 2e8, noNaN: true }),
      (p, a, b) => {
        expect(incompleteBeta(inverseIncompleteBeta(p, a, b), a, b)).toBeCloseTo(p, 7)
      },
    ),
  )
})

test('the normal distribution and Student’s t as printed', () => {
  expect(probit(0.975)).toBeCloseTo(1.959963984540054, 12)
  expect(probit(1e-5)).toBeCloseTo(-4.264890793922825, 10)
  expect(normalCdf(-4.264890793922825)).toBeCloseTo(1e-5, 15)
  expect([probit(0), probit(0.5), probit(1)]).toEqual([-Infinity, expect.closeTo(0, 12), Infinity])
  expect(studentQuantile(0.95, 11)).toBeCloseTo(1.795884819, 8)
  expect(studentQuantile(0.975, 1)).toBeCloseTo(12.7062047, 6)
})

describe('what so many people support', () => {
  test('12 people support 4.5 % at best, not 0.01 %; 245 people are the least for 0.01 %', () => {
    expect(supportedFmr(12, 1e-4).sentence).toBe(
      '12 people support 4.5 % at best, not 0.01 %; 245 people are the least for 0.01 %.',
    )
  })

  test('the least people are enough, and one fewer is not', () => {
    for (const wanted of [0.5, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 3e-4]) {
      const least = leastPeopleFor(wanted)
      expect(supportedFmr(least, wanted).supported).toBe(true)
      if (least > 2) expect(supportedFmr(least - 1, wanted).supported).toBe(false)
    }
  })

  test('one person supports nothing, and nobody neither', () => {
    expect(supportedFmr(1, 1e-2)).toMatchObject({ floor: 1, supported: false })
    expect(supportedFmr(0, 1e-2).supported).toBe(false)
  })
})
