import { describe, expect, test } from 'vitest'
import { exactUpper } from '../../src-main/evaluation/binomial-bounds.ts'
import { confusablePairs } from '../../src-main/evaluation/confusable-pairs.ts'
import { doubtedFmr, doubtedFnmr } from '../../src-main/evaluation/doubt.ts'
import { distanceBetween } from '../../src-main/evaluation/embeddings.ts'
import { boundedThreshold } from '../../src-main/evaluation/findings.ts'
import { forecastFmr, forecastThreshold } from '../../src-main/evaluation/forecast.ts'
import { measure } from '../../src-main/evaluation/measure.ts'
import { normalCdf } from '../../src-main/evaluation/normal.ts'
import { peopleCompared } from '../../src-main/evaluation/pairs-of-people.ts'
import { PeopleSpreads } from '../../src-main/evaluation/people-spreads.ts'
import { galleryStatistics } from '../../src-main/evaluation/people-statistics.ts'
import { allPairsPlan, leaveOneOutPlan } from '../../src-main/evaluation/plan.ts'
import { fitStrangers } from '../../src-main/evaluation/strangers-fit.ts'
import { strangersPlan } from '../../src-main/evaluation/strangers-plan.ts'
import { supportedFmr } from '../../src-main/evaluation/supported-rate.ts'
import { accepted } from './accepted.ts'
import { seeded, syntheticGallery } from './gallery.ts'
import { conditionalFmr, simulateStrangers } from './simulated-strangers.ts'
import { thresholdOf } from './simulated-gallery.ts'

describe('strangers who only probe', () => {
  const { embeddings, photographs } = syntheticGallery([3, 2, 2, 1, 4], 8, 0.4, 5)
  const [enrolled, strangers] = [photographs.slice(0, 2), photographs.slice(2)]

  test('are compared with every reference of the enrolled, and with nobody else', async () => {
    const plan = strangersPlan(allPairsPlan(enrolled), strangers, 2)
    const { impostor, genuine, behind } = accepted(await measure(plan, embeddings))
    const expected = strangers
      .flat()
      .flatMap((i) =>
        enrolled.flat().map((j) => distanceBetween(embeddings.vectors, i, embeddings.vectors, j, 8)),
      )
      .sort((a, b) => a - b)
    expect([impostor.total, genuine.total]).toEqual([7 * 5, 3 + 1])
    for (const [i, distance] of expected.entries()) expect(impostor.exact[i]).toBeCloseTo(distance, 5)
    expect(peopleCompared(behind!)).toEqual({ enrolled: 2, strangers: 3, pairs: 6 })
  })

  test('with too few photographs for a burst stay out', async () => {
    const plan = strangersPlan(leaveOneOutPlan(enrolled, 2), strangers, 2)
    expect(plan.strangers).toBe(2) // two, and four photographs; one is too few
    const { impostor } = accepted(await measure(plan, embeddings))
    expect(impostor.total).toBe((1 + 2) * 2) // bursts × templates
  })

  test('support what their pairs with the enrolled support, not what pairs among themselves would', async () => {
    const plan = strangersPlan(allPairsPlan(enrolled), strangers, 2)
    const compared = accepted(await measure(plan, embeddings))
    const { floor, sentence, supported } = supportedFmr(2, 0.01, compared)
    expect(floor).toBe(3 / 6)
    expect(supported).toBe(false)
    expect(sentence).toBe(
      '2 people against 3 strangers support 50 % at best, not 1 %; 150 strangers are the least for 1 %.',
    )
    expect(doubtedFmr(compared, -1).upper95).toBeGreaterThanOrEqual(exactUpper(0, 6))
    expect(boundedThreshold(compared, 0.01)).toMatchObject({
      reason: 'unsupported-rate',
      message: expect.stringContaining('2 people against 3 strangers') as string,
    })
    expect(doubtedFnmr(compared, 1).people).toBe(2)
  })

  test('in a gallery without them, pairs are counted as ever', async () => {
    const all = accepted(await measure(allPairsPlan(photographs), embeddings))
    expect(peopleCompared(all.behind!)).toEqual({ enrolled: 5, strangers: 0, pairs: 10 })
    const templates = accepted(await measure(leaveOneOutPlan(photographs), embeddings))
    expect(peopleCompared(templates.behind!)).toEqual({ enrolled: 5, strangers: 0, pairs: 10 })
  })
})

describe('in 400 simulated cohorts with a known FMR of these enrolled people', () => {
  for (const { enrolled, strangers, photographs } of [
    { enrolled: 1, strangers: 100, photographs: 1 },
    { enrolled: 10, strangers: 40, photographs: 2 },
    { enrolled: 40, strangers: 20, photographs: 1 },
  ])
    test(`${enrolled} enrolled, ${strangers} strangers: the bound that is shown holds in 94 %`, () => {
      for (const personShare of [0.02, 0.2]) {
        const random = seeded(enrolled + strangers)
        const rates = [0.0005, 0.005, 0.03]
        const held = rates.map(() => 0)
        for (let i = 0; i < 400; i++) {
          const simulated = simulateStrangers({ enrolled, strangers, photographs, personShare }, random)
          for (const [r, rate] of rates.entries()) {
            const threshold = thresholdOf(rate)
            const { upper95 } = doubtedFmr(simulated.compared, threshold)
            if (upper95 >= conditionalFmr(threshold, simulated, normalCdf)) held[r]!++
          }
        }
        for (const [r, count] of held.entries())
          expect(count / 400, `${rates[r]}, share ${personShare}`).toBeGreaterThanOrEqual(0.94)
      }
    })
})

test('spreads by person of one sweep are those of a slow loop, in either kind of plan', async () => {
  const { embeddings, photographs } = syntheticGallery([3, 1, 4, 2], 8, 0.4, 2)
  const spreads = new PeopleSpreads(4)
  accepted(await measure(allPairsPlan(photographs), embeddings, { byPerson: spreads }))
  const { people } = accepted(await galleryStatistics(embeddings))
  for (const { person, genuine, impostor } of people)
    for (const [found, expected] of [
      [spreads.genuine(person), genuine],
      [spreads.impostor(person), impostor],
      [spreads.probing(person), impostor], // photograph × photograph is symmetric
    ] as const) {
      expect(found.pairs).toBe(expected.pairs)
      for (const key of ['mean', 'deviation', 'least', 'most'] as const)
        if (expected.pairs > 0) expect(found[key]).toBeCloseTo(expected[key], 6)
        else expect(found[key]).toBeNaN()
    }
  const against = new PeopleSpreads(4)
  const plan = strangersPlan(allPairsPlan(photographs.slice(0, 3)), photographs.slice(3), 3)
  accepted(await measure(plan, embeddings, { byPerson: against }))
  expect([0, 1, 2, 3].map((person) => against.impostor(person).pairs)).toEqual([6, 2, 8, 0])
  expect([0, 1, 2, 3].map((person) => against.probing(person).pairs)).toEqual([0, 0, 0, 16])
})

test('the most confusable people are those of the statistics over all photographs', async () => {
  const { embeddings, photographs } = syntheticGallery([3, 2, 4, 2, 3], 6, 0.5, 8)
  const found = await confusablePairs(embeddings, photographs)
  if (found.kind === 'refused') throw new Error(found.message)
  const { pairs, people } = accepted(await galleryStatistics(embeddings))
  const key = ({ a, b }: { a: number; b: number }) => [a, b].sort().join(' ')
  expect(found.pairs.map(key)).toEqual(pairs.map(key))
  for (const [i, { distances }] of found.pairs.entries()) {
    expect(distances.pairs).toBe(pairs[i]!.pairs)
    expect(distances.mean).toBeCloseTo(pairs[i]!.mean, 5)
    expect(distances.least).toBeCloseTo(pairs[i]!.least, 5)
  }
  expect(people).toHaveLength(found.nearest.length)
  const few = await confusablePairs(embeddings, photographs, { most: 2 })
  expect(few).toMatchObject({ pairs: { length: 2 } })
})

describe('virtual strangers', () => {
  // Heavier between than Gaussian would have it: a third of the people stand in three crowds.
  const sizes = Array.from({ length: 400 }, (_, i) => (i % 4 === 0 ? 7 : 2))
  const { embeddings, photographs } = syntheticGallery(sizes, 16, 0.5, 4)

  test('are fitted, corrected and checked on people of their own, in every form there are photographs for', async () => {
    const fitted = accepted(await fitStrangers(embeddings, photographs, seeded(2)))
    expect(fitted.fit.people).toBe(200)
    expect(
      fitted.corrections.map((each) => [each.form, each.templatePhotographs, each.burstPhotographs]),
    ).toEqual([
      ['photograph-photograph', 1, 1],
      ['photograph-template', 3, 1],
      ['photograph-template', 5, 1],
      ['burst-template', 3, 3],
    ])
    const [photograph] = fitted.corrections
    expect([photograph!.heldOutPeople, photograph!.checkedOnPeople]).toEqual([100, 100])
    // These people are Gaussian, so little is left to correct at the common rates.
    for (const { wantedFmr, ratio } of photograph!.remaining)
      if (wantedFmr > 0.01) expect(Math.abs(Math.log(ratio))).toBeLessThan(Math.log(1.6))
    expect(JSON.stringify(fitted)).not.toContain('null')
  })

  test('give a forecast that is never kinder than their own count, and none beyond what was checked', async () => {
    const { impostor } = accepted(await measure(allPairsPlan(photographs.slice(0, 100)), embeddings))
    const correction = {
      correction: {
        points: [0.1, 0.01, 0.001].map((virtualFmr) => ({
          virtualFmr,
          realFmr: 3 * virtualFmr,
          realUpper95: 4 * virtualFmr,
          falseMatches: 20,
        })),
        heldOutPeople: 100,
      },
      worstRatio: 2,
    }
    const threshold = forecastThreshold(correction, impostor, 0.06)!
    const { fmr, worst, virtualFmr, extrapolated } = forecastFmr(correction, impostor, threshold)
    expect(worst).toBeLessThanOrEqual(0.06)
    expect(worst).toBeGreaterThan(0.055)
    expect(fmr).toBeCloseTo(3 * virtualFmr, 12)
    expect(extrapolated).toBe(false)
    expect(forecastThreshold(correction, impostor, 1e-4)).toBe(null)
  })

  test('too few people are refused in a sentence', async () => {
    expect(await fitStrangers(embeddings, photographs.slice(0, 10), seeded(1))).toMatchObject({
      kind: 'refused',
    })
  })
})
