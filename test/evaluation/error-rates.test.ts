import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { comparisons } from '../../src-main/evaluation/comparisons.ts'
import {
  equalErrorRate,
  operatingPointAt,
  operatingPointAtFmr,
  thresholdAtFmr,
} from '../../src-main/evaluation/error-rates.ts'
import { accepted } from './accepted.ts'

const distances = fc.array(
  fc.integer({ min: 0, max: 30 }).map((i) => i / 16),
  { minLength: 1, maxLength: 80 },
)

function both(genuine: number[], impostor: number[]) {
  const compared = comparisons(genuine, impostor)
  return compared.kind === 'comparisons' ? compared : null
}

describe('error rates', () => {
  test('exactly at the threshold is a match, for genuine and impostor alike', () => {
    const compared = accepted(comparisons([0.25, 0.5, 0.75], [0.5, 1, 1.25, 1.5]))
    expect(operatingPointAt(compared, 0.5)).toEqual({
      threshold: 0.5,
      fmr: 1 / 4,
      fnmr: 1 / 3,
      tmr: 2 / 3,
      falseMatches: 1,
      falseNonMatches: 1,
      impostorPairs: 4,
      genuinePairs: 3,
    })
  })

  test('the threshold for a wanted FMR keeps it, and any larger one at an impostor distance breaks it', () => {
    fc.assert(
      fc.property(distances, fc.double({ min: 0, max: 0.99, noNaN: true }), (impostor, wanted) => {
        const compared = both([0.01], impostor)
        if (!compared) return
        const threshold = thresholdAtFmr(compared.impostor, wanted)
        const rate = (t: number) => impostor.filter((d) => d <= t).length / impostor.length
        expect(rate(threshold)).toBeLessThanOrEqual(wanted + 1e-9)
        const next = impostor.filter((d) => d > threshold).sort((a, b) => a - b)[0]
        if (next !== undefined) expect(rate(next)).toBeGreaterThan(wanted)
      }),
    )
  })

  test('the true match rate at a wanted FMR is the best that any threshold gives', () => {
    fc.assert(
      fc.property(distances, distances, fc.constantFrom(0, 0.1, 0.25, 0.5), (genuine, impostor, wanted) => {
        const compared = both(genuine, impostor)
        if (!compared) return
        const best = Math.max(
          0,
          ...genuine
            .filter((t) => impostor.filter((d) => d <= t).length <= wanted * impostor.length)
            .map((t) => genuine.filter((d) => d <= t).length / genuine.length),
        )
        expect(operatingPointAtFmr(compared, wanted).tmr).toBeCloseTo(best, 12)
      }),
    )
  })

  test('the equal error rate is where a slow walk along the curve finds it', () => {
    fc.assert(
      fc.property(distances, distances, (genuine, impostor) => {
        const compared = both(genuine, impostor)
        if (!compared) return
        let [fmr0, fnmr0] = [0, 1]
        let slow = 1
        for (const t of [...new Set([...genuine, ...impostor])].sort((a, b) => a - b)) {
          const fmr = impostor.filter((d) => d <= t).length / impostor.length
          const fnmr = genuine.filter((d) => d > t).length / genuine.length
          if (fmr >= fnmr) {
            const share = (fnmr0 - fmr0) / (fnmr0 - fmr0 + fmr - fnmr)
            slow = fmr0 + share * (fmr - fmr0)
            break
          }
          ;[fmr0, fnmr0] = [fmr, fnmr]
        }
        expect(equalErrorRate(compared).rate).toBeCloseTo(slow, 12)
      }),
    )
  })

  test('separated distances have no equal error, and overlapping ones the share that is mixed up', () => {
    expect(equalErrorRate(accepted(comparisons([0.1, 0.2], [1, 1.1])))).toEqual({ rate: 0, threshold: 0.2 })
    expect(equalErrorRate(accepted(comparisons([0.1, 0.2, 0.3, 0.9], [0.4, 1, 1.1, 1.2]))).rate).toBe(0.25)
  })

  test('a genuine comparison that failed is a false non-match at every threshold', () => {
    const compared = accepted(comparisons([0.1, Infinity], [1]))
    expect(operatingPointAt(compared, 2)).toMatchObject({ fnmr: 0.5, falseNonMatches: 1 })
  })

  test('an impostor comparison that failed is left out', () => {
    expect(operatingPointAt(accepted(comparisons([0.1], [1, Infinity])), 1)).toMatchObject({
      fmr: 1,
      impostorPairs: 1,
    })
  })
})

describe('what cannot be judged', () => {
  test.each([
    ['no impostor', [0.1], [], 'no-impostor'],
    ['no genuine pair', [], [1], 'no-genuine'],
    ['NaN among the genuine', [0.1, NaN], [1], 'not-a-number'],
    ['a negative distance', [0.1], [-1], 'not-a-number'],
    ['all distances equal', [0.5, 0.5], [0.5], 'all-equal'],
    ['only failed impostors', [0.5], [Infinity], 'no-impostor'],
  ])('%s is a sentence', (_, genuine, impostor, reason) => {
    const refusal = comparisons(genuine, impostor)
    expect(refusal).toMatchObject({ kind: 'refused', reason })
    expect(refusal.kind === 'refused' && refusal.message).toMatch(/^[A-Z].+\.$/)
  })
})
