import { describe, expect, test } from 'vitest'
import { chooseThreshold, staleness, thresholdBoundedBy } from '../../src-main/evaluation/choice.ts'
import type { Wish } from '../../src-main/evaluation/choice.ts'
import { comparisons } from '../../src-main/evaluation/comparisons.ts'
import { curveOf } from '../../src-main/evaluation/curves.ts'
import { doubtedFmr } from '../../src-main/evaluation/doubt.ts'
import { operatingPointAt, thresholdAtCount } from '../../src-main/evaluation/error-rates.ts'
import { measure } from '../../src-main/evaluation/measure.ts'
import { allPairsPlan } from '../../src-main/evaluation/plan.ts'
import { accepted } from './accepted.ts'
import { syntheticGallery } from './gallery.ts'

const source = { model: 'net 1', gallery: 'a1', at: 0, cohort: 'the gallery itself' }
const gallery = async (people: number) => {
  const { embeddings, photographs } = syntheticGallery(Array<number>(people).fill(4), 8, 0.4)
  return accepted(await measure(allPairsPlan(photographs), embeddings))
}

describe('by a wanted FMR', () => {
  test('the bound is held to it, not the measured rate, and one error more would break it', async () => {
    const compared = await gallery(100)
    const { threshold, fmr, people, point } = accepted(
      chooseThreshold(compared, { by: 'fmr', fmr: 0.03 }, source),
    )
    expect(fmr.upper95).toBeLessThanOrEqual(0.03)
    expect(fmr.rate).toBeLessThan(0.03)
    expect(people).toBe(100)
    expect(point).toEqual(operatingPointAt(compared, threshold))
    expect(doubtedFmr(compared, thresholdAtCount(compared.impostor, fmr.errors + 1)).upper95).toBeGreaterThan(
      0.03,
    )
  })

  test('what the people cannot support is refused with what they can', async () => {
    const refusal = chooseThreshold(await gallery(12), { by: 'fmr', fmr: 1e-4 }, source)
    expect(refusal).toMatchObject({ kind: 'refused', reason: 'unsupported-rate' })
    expect(refusal.kind === 'refused' && refusal.message).toMatch(
      /^12 people support 4\.5 % at best, not 0\.01 %; 245 people are the least for 0\.01 %\. .+\.$/,
    )
  })

  test.each([0, 1, -1, NaN])('an FMR of %s is refused', async (fmr) => {
    expect(thresholdBoundedBy(await gallery(5), fmr)).toMatchObject({ reason: 'bad-number' })
  })
})

describe('by other wishes', () => {
  test('at equal errors', async () => {
    const { point } = accepted(chooseThreshold(await gallery(40), { by: 'eer' }, source))
    expect(Math.abs(point.fmr - point.fnmr)).toBeLessThan(0.01)
  })

  test('by cost: no threshold is cheaper', async () => {
    const compared = await gallery(30)
    const wish: Wish = { by: 'cost', falseMatch: 50, falseNonMatch: 1, impostorPrior: 0.1 }
    const { point } = accepted(chooseThreshold(compared, wish, source))
    const cost = (fmr: number, fnmr: number) => 50 * 0.1 * fmr + 0.9 * fnmr
    for (const threshold of curveOf(compared).thresholds) {
      const other = operatingPointAt(compared, threshold)
      expect(cost(point.fmr, point.fnmr)).toBeLessThanOrEqual(cost(other.fmr, other.fnmr) + 1e-12)
    }
    expect(chooseThreshold(compared, { ...wish, impostorPrior: 1 }, source)).toMatchObject({
      reason: 'bad-number',
    })
  })

  test('by hand, within the range of distances', () => {
    const compared = accepted(comparisons([0.1], [1]))
    expect(chooseThreshold(compared, { by: 'hand', threshold: 0.7 }, source)).toMatchObject({
      threshold: 0.7,
      ...source,
    })
    for (const threshold of [-0.1, 2.1, NaN])
      expect(chooseThreshold(compared, { by: 'hand', threshold }, source)).toMatchObject({ kind: 'refused' })
  })
})

test('a choice is stale when the model, the gallery or the form is another', () => {
  const choice = accepted(
    chooseThreshold(accepted(comparisons([0.1], [1])), { by: 'hand', threshold: 0.7 }, source),
  )
  const now = { model: 'net 1', gallery: 'a1', form: choice.form }
  expect(staleness(choice, now)).toBeNull()
  expect(staleness(choice, { ...now, model: 'net 2' })).toMatch(/another model/)
  expect(staleness(choice, { ...now, gallery: 'a2' })).toMatch(/gallery has changed/)
  expect(
    staleness(choice, {
      ...now,
      form: { form: 'photograph-template', templatePhotographs: 5, burstPhotographs: 1 },
    }),
  ).toMatch(/another form/)
})
