import { describe, expect, test } from 'vitest'
import { personalThreshold } from '../../src-main/evaluation/personal-threshold.ts'
import { shrunk, sNorm, spreadOf, tNorm, zNorm } from '../../src-main/evaluation/score-normalisation.ts'
import {
  boundedTransaction,
  fnmrOfAcquired,
  measuredTransactions,
  transactionRates,
} from '../../src-main/evaluation/transaction.ts'
import { normal, seeded } from './gallery.ts'

describe('from comparison to transaction', () => {
  test('one attempt without failures is the comparison', () => {
    const rates = transactionRates({
      fmr: 0.01,
      fnmr: 0.1,
      failureToAcquire: 0,
      failureToEnrol: 0,
      attempts: 1,
    })
    expect(rates.far).toBeCloseTo(0.01, 12)
    expect(rates.frr).toBeCloseTo(0.1, 12)
  })

  test('three attempts with failures are what a simulation counts', () => {
    const input = { fmr: 0.05, fnmr: 0.3, failureToAcquire: 0.1, failureToEnrol: 0.02, attempts: 3 }
    const random = seeded(21)
    const accepts = (rate: number) =>
      random() >= 0.02 && [1, 2, 3].map(() => random() >= 0.1 && random() < rate).some(Boolean)
    const trials = 200_000
    let [far, frr] = [0, 0]
    for (let i = 0; i < trials; i++) {
      if (accepts(0.05)) far += 1 / trials
      if (!accepts(0.7)) frr += 1 / trials
    }
    const rates = transactionRates(input)
    expect(rates.far).toBeCloseTo(far, 2)
    expect(rates.frr).toBeCloseTo(frr, 2)
  })

  test('a tiny FMR is not lost to rounding', () => {
    const { far } = transactionRates({
      fmr: 1e-18,
      fnmr: 0,
      failureToAcquire: 0,
      failureToEnrol: 0,
      attempts: 5,
    })
    expect(far).toBeCloseTo(5e-18, 30)
  })

  test('with doubt, both rates lie between attempts that go alike and independent ones', () => {
    const rates = {
      fmr: { rate: 0.01, upper95: 0.03 },
      fnmr: { rate: 0.1, upper95: 0.2 },
      acquisition: { failures: 5, of: 100 },
      attempts: 3,
    }
    const { far, frr } = boundedTransaction(rates)
    expect(far.least).toBeCloseTo(0.95 * 0.01, 12)
    expect(far.most).toBeCloseTo(1 - (1 - 0.0095) ** 3, 12)
    expect(far.upper95).toBeCloseTo(1 - 0.97 ** 3, 12) // as if no stranger failed to be acquired
    expect(frr.least).toBeCloseTo((0.05 + 0.95 * 0.1) ** 3, 12)
    expect(frr.most).toBeCloseTo(0.05 + 0.95 * 0.1, 12)
    const fta = 0.1023 // Clopper–Pearson, one-sided 95 %, 5 of 100
    expect(frr.upper95).toBeCloseTo(fta + (1 - fta) * 0.2, 3)
  })

  test('failures to acquire are not counted twice: FNMR is that of the comparisons that were made', () => {
    expect(fnmrOfAcquired({ errors: 8, comparisons: 100, upper95: 0.2 }, 4)).toEqual({
      rate: 4 / 96,
      upper95: 0.2,
    })
    expect(fnmrOfAcquired({ errors: 3, comparisons: 3, upper95: 1 }, 3).rate).toBe(0)
  })

  test('one attempt has one rate, and failures that were never counted are none', () => {
    const rates = { fmr: { rate: 0, upper95: 0.03 }, fnmr: { rate: 0.1, upper95: 0.2 }, attempts: 1 }
    for (const acquisition of [null, { failures: 0, of: 0 }])
      expect(boundedTransaction({ ...rates, acquisition })).toEqual({
        attempts: 1,
        far: { least: 0, most: 0, upper95: expect.closeTo(0.03, 12) as number },
        frr: {
          least: expect.closeTo(0.1, 12) as number,
          most: expect.closeTo(0.1, 12) as number,
          upper95: expect.closeTo(0.2, 12) as number,
        },
      })
    const { far, frr } = boundedTransaction({
      ...rates,
      acquisition: null,
      enrolment: { failures: 1, of: 10 },
    })
    expect(frr.most).toBeCloseTo(0.1 + 0.9 * 0.1, 12)
    expect(far.upper95).toBeCloseTo(0.03, 12)
  })

  test('measured transactions are accepted at the first match, and a missing face is no match', () => {
    const transactions = [
      { genuine: true, distances: [1, null, 0.4] },
      { genuine: true, distances: [null, null] },
      { genuine: false, distances: [1, 0.5] },
      { genuine: false, distances: [0.9] },
    ]
    expect(measuredTransactions(transactions, 0.5, 3)).toEqual({
      falseAccepts: 1,
      impostors: 2,
      falseRejects: 1,
      genuine: 2,
    })
    expect(measuredTransactions(transactions, 0.5, 1)).toMatchObject({ falseAccepts: 0, falseRejects: 2 })
  })
})

describe('normalised against a cohort', () => {
  const cohort = spreadOf([1, 1.2, 1.4])

  test('distances count in deviations from strangers', () => {
    expect(cohort).toEqual({ mean: expect.closeTo(1.2, 12), deviation: expect.closeTo(0.2, 12), size: 3 })
    expect(zNorm(0.8, cohort)).toBeCloseTo(-2, 12)
    expect(tNorm(0.8, cohort)).toBeCloseTo(-2, 12)
    expect(sNorm(0.8, cohort, { mean: 1, deviation: 0.1, size: 9 })).toBeCloseTo(-2, 12)
  })

  test('few distances of one’s own leave the spread near everyone’s', () => {
    const everyone = { mean: 1.3, deviation: 0.1, size: 10_000 }
    expect(shrunk({ mean: 1, deviation: 0.2, size: 0 }, everyone).mean).toBe(1.3)
    expect(shrunk({ mean: 1, deviation: 0.2, size: 50 }, everyone).mean).toBeCloseTo(1.15, 12)
    expect(shrunk({ mean: 1, deviation: 0.2, size: 1e9 }, everyone).deviation).toBeCloseTo(0.2, 6)
  })
})

describe('a threshold of one’s own', () => {
  const everyone = { mean: 1.3, deviation: 0.1, size: 10_000 }
  const around = (mean: number, count: number) => {
    const random = seeded(8)
    return Array.from({ length: count }, () => mean + 0.1 * normal(random))
  }

  test('is stricter for whom strangers come near, and says why', () => {
    const { threshold, shift, reason } = personalThreshold(around(1.1, 2000), everyone, 0.9)
    expect(threshold).toBeCloseTo(0.7, 1)
    expect(shift).toBeLessThan(-0.15)
    expect(reason).toMatch(/^Stricter by 0\.\d+: strangers come nearer/)
  })

  test('is the global one where there is nobody to compare with, and near it with few', () => {
    expect(personalThreshold([], everyone, 0.9)).toMatchObject({ threshold: 0.9, shift: 0 })
    const few = Math.abs(personalThreshold(around(1.1, 4), everyone, 0.9).shift)
    expect(few).toBeLessThan(0.05)
    expect(personalThreshold(around(1.3, 2000), everyone, 0.9).reason).toMatch(
      /^(As for everyone|Looser|Stricter)/,
    )
  })
})
