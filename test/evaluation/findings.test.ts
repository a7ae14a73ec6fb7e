import { describe, expect, test } from 'vitest'
import { calibrate } from '../../src-main/evaluation/calibration.ts'
import { comparisons } from '../../src-main/evaluation/comparisons.ts'
import { doubtedFmr } from '../../src-main/evaluation/doubt.ts'
import { equalErrorRate } from '../../src-main/evaluation/error-rates.ts'
import { findingsOf } from '../../src-main/evaluation/findings.ts'
import { cllrOf } from '../../src-main/evaluation/isotonic-calibration.ts'
import { fitLogistic } from '../../src-main/evaluation/logistic-calibration.ts'
import { measure } from '../../src-main/evaluation/measure.ts'
import { packComparisons, unpackComparisons } from '../../src-main/evaluation/packed-comparisons.ts'
import { allPairsPlan } from '../../src-main/evaluation/plan.ts'
import {
  shownDoubt,
  shownInterval,
  shownRate,
  shownTransaction,
  shownUpper,
} from '../../src-main/evaluation/shown-rates.ts'
import { accepted } from './accepted.ts'
import { seeded, syntheticGallery } from './gallery.ts'

const { embeddings, photographs } = syntheticGallery(Array<number>(30).fill(4), 12, 0.6, 3)
const measured = async () => accepted(await measure(allPairsPlan(photographs), embeddings))

describe('findings', () => {
  test('hold a wanted rate by its bound, and agree with the parts they are made of', async () => {
    const compared = await measured()
    const findings = accepted(await findingsOf(compared, { random: seeded(1), draws: 100 }))
    expect(findings.eer).toMatchObject(equalErrorRate(compared))
    const rows = findings.operatingPoints
    expect(rows.map(({ wantedFmr }) => wantedFmr)).toEqual([1e-1, 1e-2, 1e-3, 1e-4, 1e-5])
    const [tenth] = rows
    if (tenth?.kind !== 'supported') throw new Error('30 people support 10 %')
    expect(tenth.fmr.upper95).toBeLessThanOrEqual(0.1)
    expect(doubtedFmr(compared, tenth.threshold + 0.02).upper95).toBeGreaterThan(0.1) // hardly any to give away
    expect(rows[4]).toMatchObject({ kind: 'unsupported' })
    expect(rows[4]!.kind === 'unsupported' && rows[4]!.sentence).toMatch(/^30 people .*0.001 %\.$/)
    for (const { fmr, fmrBand } of findings.det)
      if (fmrBand) expect(fmrBand.low <= fmr && fmr <= fmrBand.high).toBe(true)
    expect(findings.det.some(({ fmrBand }) => fmrBand)).toBe(true)
    const { genuine, impostor } = findings.histograms
    expect(genuine.counts.reduce((a, b) => a + b)).toBe(compared.genuine.total)
    expect(impostor.counts.reduce((a, b) => a + b)).toBe(compared.impostor.total)
  })

  test('of nobody in particular have no band, and say that comparisons were taken as independent', async () => {
    const compared = accepted(comparisons([0.2, 0.3, 0.6], [0.5, 0.8, 0.9, 1]))
    const findings = accepted(await findingsOf(compared, { random: seeded(1) }))
    expect(findings.det.every(({ fmrBand }) => fmrBand === null)).toBe(true)
    expect(findings.methods).toMatchObject({
      band: null,
      bounds: 'Clopper–Pearson, comparisons taken as independent',
    })
  })

  test('can be cancelled', async () => {
    const controller = new AbortController()
    const onProgress = () => controller.abort()
    const options = { random: seeded(1), onProgress, signal: controller.signal }
    expect(await findingsOf(await measured(), options)).toMatchObject({ reason: 'cancelled' })
  })
})

describe('packed comparisons', () => {
  test('come back as they were, tails, bins and all, from bytes that start anywhere', async () => {
    const compared = accepted(
      await measure(allPairsPlan(photographs), embeddings, { exactDistances: 50, tailPairs: 40 }),
    )
    expect(compared.impostor.cumulative).not.toBe(null)
    const packed = packComparisons(compared)
    const shifted = (bytes: Uint8Array) => {
      const message = new Uint8Array(bytes.length + 3)
      message.set(bytes, 3)
      return message.subarray(3)
    }
    packed.impostor.exact = shifted(packed.impostor.exact)
    packed.behind!.impostorTail.probes = shifted(packed.behind!.impostorTail.probes)
    expect(unpackComparisons(packed)).toEqual(compared)
    const nobody = accepted(comparisons([0.1, Infinity], [0.4, 0.7]))
    expect(unpackComparisons(packComparisons(nobody))).toEqual(nobody)
  })
})

describe('calibration of a measurement', () => {
  test('of more distances than are used gives nearly the same as of all', async () => {
    const random = seeded(9)
    const gaussian = (mean: number) =>
      mean + 0.1 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    const genuine = Float64Array.from({ length: 2000 }, () => gaussian(0.6))
    const impostor = Float64Array.from({ length: 60_000 }, () => gaussian(1))
    const calibration = accepted(calibrate(accepted(comparisons(genuine, impostor))))
    expect([calibration.genuinePairs, calibration.impostorPairs]).toEqual([2000, 20_000])
    const ofAll = accepted(fitLogistic(genuine, impostor, 0.5))
    const { slope, intercept, fittedLogOdds } = calibration.logistic
    expect(slope / ofAll.slope).toBeCloseTo(1, 2)
    expect((fittedLogOdds - intercept) / slope).toBeCloseTo(0.8, 2) // equal deviations: half-way between the means
    expect(calibration.cllr).toBeCloseTo(cllrOf(calibration.logistic, genuine, impostor), 3)
    expect(calibration.minCllr).toBeLessThanOrEqual(calibration.cllr)
  })

  test('that cannot be made is a sentence', () => {
    expect(calibrate(accepted(comparisons([0.1, 0.2], [0.9, 1])))).toMatchObject({ kind: 'refused' })
    expect(calibrate(accepted(comparisons([0.1], [0.9, 1])))).toMatchObject({ kind: 'refused' })
  })
})

test('digits are made in one place: bounds are rounded up, rates never to none or all', () => {
  expect([0, 1e-4, 0.00123, 0.0454, 0.123, 1].map(shownRate)).toEqual([
    '0 %',
    '0.01 %',
    '0.12 %',
    '4.5 %',
    '12 %',
    '100 %',
  ])
  expect(shownRate(0.9999)).toBe('99.99 %')
  expect(shownRate(NaN)).toBe('–')
  expect([0.0451, 0.05, 1e-4, 0.999, 1].map(shownUpper)).toEqual([
    '≤ 4.6 %',
    '≤ 5 %',
    '≤ 0.01 %',
    '≤ 100 %',
    '≤ 100 %',
  ])
  expect(shownInterval({ low: 0.0012, high: 0.0451 })).toBe('0.12–4.6 %')
  expect(shownInterval({ low: 0.00129, high: 0.01 })).toBe('0.12–1 %') // outwards at both ends
  expect(shownInterval({ low: 3.4e-11, high: 0.0451 })).toBe('0–4.6 %')
  expect(shownInterval({ low: 0, high: 0.5 })).toBe('0–50 %')
  expect(shownTransaction({ least: 0.002, most: 0.006, upper95: 0.0185 })).toBe('0.2–0.6 % (≤ 1.9 %)')
  expect(shownTransaction({ least: 2e-6, most: 0.073, upper95: 0.85 })).toBe('0–7.3 % (≤ 85 %)')
  expect(shownTransaction({ least: 0.01, most: 0.01, upper95: 0.03 })).toBe('1 % (≤ 3 %)')
  const rate = {
    rate: 0.002,
    errors: 3,
    comparisons: 1665,
    people: 37,
    upper95: 0.0052,
    effectiveComparisons: 600,
    interval95: { low: 0, high: 0.006 },
    lower95: 0,
    upper80: 0.003,
    method: 'exact, effective comparisons over people' as const,
  }
  expect(shownDoubt(rate)).toBe('0.2 % (≤ 0.52 % with 95 % confidence; 3 errors; 37 people, 1,665 pairs)')
})
