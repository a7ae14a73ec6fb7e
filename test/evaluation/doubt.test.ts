import { describe, expect, test } from 'vitest'
import { clopperPearson } from '../../src-main/evaluation/binomial-bounds.ts'
import { comparisons } from '../../src-main/evaluation/comparisons.ts'
import { doubtedFmr, doubtedFnmr } from '../../src-main/evaluation/doubt.ts'
import { incompleteBeta } from '../../src-main/evaluation/incomplete-beta.ts'
import { measure } from '../../src-main/evaluation/measure.ts'
import { allPairsPlan } from '../../src-main/evaluation/plan.ts'
import { accepted } from './accepted.ts'
import { seeded, syntheticGallery } from './gallery.ts'
import { simulateGallery, thresholdOf } from './simulated-gallery.ts'

const galleries = 1000
const weakly = 0.02 // of the variance from each person
const strongly = 0.2

/** The one-sided 95 % bound of a percentile bootstrap over pairs, of endlessly many draws. */
function bootstrapOverPairs(errors: number, pairs: number): number {
  let bound = errors
  while (bound < pairs && 1 - incompleteBeta(errors / pairs, bound + 1, pairs - bound) < 0.95) bound++
  return bound / pairs
}

describe('in 1,000 simulated galleries with a known FMR', () => {
  const cases = [
    { people: 12, photographs: 3, rates: [0.001, 0.03, 0.1] },
    { people: 40, photographs: 2, rates: [0.0002, 0.005, 0.03] },
    { people: 100, photographs: 1, rates: [0.0001, 0.001, 0.01] },
  ]
  for (const { people, photographs, rates } of cases)
    for (const [differing, personShare] of [
      ['weakly', weakly],
      ['strongly', strongly],
    ] as const)
      test(`${people} people who differ ${differing}: the bound that is shown holds in 94 %, a bootstrap over pairs does not`, () => {
        const random = seeded(people * 10 + (personShare === weakly ? 1 : 2))
        const held = rates.map(() => ({ shown: 0, pairs: 0, withoutError: 0 }))
        for (let g = 0; g < galleries; g++) {
          const gallery = simulateGallery({ people, photographs, personShare }, random)
          for (const [i, fmr] of rates.entries()) {
            const doubted = doubtedFmr(gallery, thresholdOf(fmr))
            if (doubted.upper95 >= fmr) held[i]!.shown++
            if (bootstrapOverPairs(doubted.errors, doubted.comparisons) >= fmr) held[i]!.pairs++
            if (doubted.errors === 0) held[i]!.withoutError++
          }
        }
        expect(held[0]!.withoutError).toBeGreaterThan(galleries / 4) // zero errors are among the cases
        for (const [i, fmr] of rates.entries())
          expect(held[i]!.shown / galleries, `FMR ${fmr}`).toBeGreaterThanOrEqual(0.94)
        expect(Math.min(...held.map(({ pairs }) => pairs)) / galleries).toBeLessThan(0.94)
      })
})

test('no error is bounded by more than zero, and more strictly by more people', async () => {
  const bound = async (people: number) => {
    const { embeddings, photographs } = syntheticGallery(Array<number>(people).fill(3), 16, 0.3)
    return doubtedFmr(accepted(await measure(allPairsPlan(photographs), embeddings)), 0)
  }
  const [few, many] = [await bound(8), await bound(60)]
  expect(few.rate).toBe(0)
  expect(many.upper95).toBeGreaterThan(0)
  expect(many.upper95).toBeLessThan(few.upper95)
})

test('a bound over people is never narrower than the exact one over independent pairs of people', async () => {
  const { embeddings, photographs } = syntheticGallery(Array<number>(20).fill(4), 4, 0.5)
  const measured = accepted(await measure(allPairsPlan(photographs), embeddings))
  for (const threshold of [0.1, 0.2, 0.4, 0.8, 1.2]) {
    const { rate, interval95, upper95, upper80, lower95, people } = doubtedFmr(measured, threshold)
    const naive = clopperPearson(rate * 190, 190)
    expect(people).toBe(20)
    expect(interval95.high).toBeGreaterThanOrEqual(naive.high - 1e-12)
    expect(interval95.low).toBeLessThanOrEqual(naive.low + 1e-12)
    expect(lower95).toBeLessThanOrEqual(rate)
    expect(upper80).toBeLessThanOrEqual(upper95)
    expect(upper95).toBeLessThanOrEqual(interval95.high)
  }
})

test('false non-matches are doubted by people too: one bad person of ten weighs as one', async () => {
  const { embeddings, photographs } = syntheticGallery(Array<number>(10).fill(6), 16, 0.2)
  embeddings.vectors.fill(0, 0, 16 * 5) // five photographs of person 0 without a face
  const measured = accepted(await measure(allPairsPlan(photographs), embeddings))
  const { errors, rate, upper95, people } = doubtedFnmr(measured, 2)
  expect([errors, people]).toEqual([15, 10])
  expect(rate).toBe(0.1)
  expect(upper95).toBeGreaterThan(0.25) // 15 of 150 independent ones would give 0.15
})

test('distances of nobody in particular are said to be taken as independent', () => {
  const compared = accepted(comparisons([0.1, 0.2], [0.5, 0.9, 1, 1.1]))
  expect(doubtedFmr(compared, 0.5)).toMatchObject({
    errors: 1,
    comparisons: 4,
    method: 'exact, comparisons taken as independent',
    interval95: clopperPearson(1, 4),
  })
})
