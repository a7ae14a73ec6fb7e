import { expect, test } from 'vitest'
import { comparisons } from '../../src-main/evaluation/comparisons.ts'
import { doubtedFmr } from '../../src-main/evaluation/doubt.ts'
import { measure } from '../../src-main/evaluation/measure.ts'
import { bootstrapOverPeople } from '../../src-main/evaluation/people-bootstrap.ts'
import { allPairsPlan, cappedPlan, templatePlan } from '../../src-main/evaluation/plan.ts'
import type { Plan } from '../../src-main/evaluation/plan.ts'
import { accepted } from './accepted.ts'
import { seeded, syntheticGallery } from './gallery.ts'
import { simulateGallery, thresholdOf } from './simulated-gallery.ts'

const plans: [string, (photographs: number[][]) => Plan][] = [
  ['all pairs', allPairsPlan],
  ['capped', cappedPlan],
  ['template', (photographs) => templatePlan(photographs, 2)],
]

test.each(plans)('%s: the band holds the measured rate and the exact bound', async (_, plan) => {
  const { embeddings, photographs } = syntheticGallery(Array<number>(25).fill(4), 4, 0.4)
  const measured = accepted(await measure(plan(photographs), embeddings))
  const thresholds = Float64Array.from([0, 0.2, 0.5, 0.9])
  const bands = accepted(await bootstrapOverPeople(measured, thresholds, { draws: 200, random: seeded(1) }))
  for (const [i, threshold] of thresholds.entries()) {
    const { rate, interval95 } = doubtedFmr(measured, threshold)
    const band = bands.fmr[i]!
    expect(band.low).toBeLessThanOrEqual(Math.min(rate, interval95.low))
    expect(band.high).toBeGreaterThanOrEqual(Math.max(rate, interval95.high))
    expect(bands.fnmr[i]!.high).toBeGreaterThan(0)
    expect(bands.fnmr[i]!.high).toBeLessThanOrEqual(1)
  }
})

test('the same seed gives the same digits', async () => {
  const gallery = simulateGallery({ people: 12, photographs: 2, personShare: 0.2 }, seeded(5))
  const thresholds = Float64Array.from([thresholdOf(0.1)])
  const draw = async () =>
    accepted(await bootstrapOverPeople(gallery, thresholds, { draws: 50, random: seeded(9) })).fmr
  expect(await draw()).toEqual(await draw())
})

test('beyond the kept tail nothing is claimed', async () => {
  const { embeddings, photographs } = syntheticGallery(Array<number>(25).fill(4), 4, 0.4)
  const measured = accepted(await measure(allPairsPlan(photographs), embeddings, { tailPairs: 100 }))
  const bands = accepted(
    await bootstrapOverPeople(measured, Float64Array.from([0.05, 1.9]), { draws: 50, random: seeded(1) }),
  )
  expect(bands.fmr[1]).toBeNull()
  expect(bands.fmr[0]).not.toBeNull()
})

test('progress is told, a cancel is heard, and distances of nobody are refused', async () => {
  const gallery = simulateGallery({ people: 12, photographs: 2, personShare: 0.2 }, seeded(5))
  const thresholds = Float64Array.from([1])
  const told: number[] = []
  await bootstrapOverPeople(gallery, thresholds, {
    draws: 60,
    random: seeded(1),
    onProgress: (done) => told.push(done),
  })
  expect(told).toEqual([0, 20, 40, 60])
  const controller = new AbortController()
  const running = bootstrapOverPeople(gallery, thresholds, {
    random: seeded(1),
    signal: controller.signal,
    onProgress: (done) => done === 40 && controller.abort(),
  })
  expect(await running).toMatchObject({ reason: 'cancelled' })
  const anonymous = accepted(comparisons([0.1], [1]))
  expect(await bootstrapOverPeople(anonymous, thresholds, { random: seeded(1) })).toMatchObject({
    kind: 'refused',
  })
})
