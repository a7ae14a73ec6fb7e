import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  cllr,
  cllrOf,
  fitIsotonic,
  isotonicAt,
  minCllr,
} from '../../src-main/evaluation/isotonic-calibration.ts'
import { fitLogistic, logLikelihoodRatio, posterior } from '../../src-main/evaluation/logistic-calibration.ts'
import { reliability } from '../../src-main/evaluation/reliability.ts'
import { accepted } from './accepted.ts'
import { normal, seeded } from './gallery.ts'

const random = seeded(11)
const genuine = Array.from({ length: 4000 }, () => 0.7 + 0.1 * normal(random))
const impostor = Array.from({ length: 20_000 }, () => 1 + 0.1 * normal(random))

describe('likelihood ratios', () => {
  test('recover the true ones where both kinds are normal with one deviation', () => {
    const fit = accepted(fitLogistic(genuine, impostor))
    for (const distance of [0.75, 0.85, 0.95]) {
      const truth = ((distance - 1) ** 2 - (distance - 0.7) ** 2) / (2 * 0.01)
      expect(Math.abs(logLikelihoodRatio(fit, distance) - truth)).toBeLessThan(0.4)
    }
  })

  test('do not depend on how many pairs of each kind there were', () => {
    const [all, few] = [fitLogistic(genuine, impostor), fitLogistic(genuine, impostor.slice(0, 2000))].map(
      accepted,
    )
    expect(logLikelihoodRatio(all!, 0.8)).toBeCloseTo(logLikelihoodRatio(few!, 0.8), 0)
  })

  test('the prior is the user’s: the same distance, another probability', () => {
    const fit = accepted(fitLogistic(genuine, impostor))
    const ratio = logLikelihoodRatio(fit, 0.85)
    expect(posterior(0, 0.5)).toBe(0.5)
    expect(posterior(ratio, 0.01)).toBeLessThan(posterior(ratio, 0.5))
    expect(posterior(Math.log(9), 0.1)).toBeCloseTo(0.5, 12)
  })

  test('are refused in words where they would be infinite, or nothing is there', () => {
    expect(fitLogistic([0.1, 0.2], [0.8, 0.9])).toMatchObject({ kind: 'refused' })
    expect(fitLogistic([], [1])).toMatchObject({ reason: 'no-genuine' })
    expect(fitLogistic([1], [])).toMatchObject({ reason: 'no-impostor' })
    expect(fitLogistic([NaN], [1])).toMatchObject({ reason: 'not-a-number' })
  })
})

describe('their cost', () => {
  test('is 1 bit for saying nothing, and near 0 for being sure and right', () => {
    expect(cllr([0, 0], [0])).toBe(1)
    expect(cllr([20], [-20])).toBeLessThan(1e-6)
    expect(cllr([-20], [20])).toBeGreaterThan(20)
  })

  test('is least after the best order-keeping calibration', () => {
    const fit = accepted(fitLogistic(genuine, impostor))
    const least = minCllr(genuine, impostor)
    expect(least).toBeLessThanOrEqual(cllrOf(fit, genuine, impostor))
    expect(least).toBeGreaterThan(cllrOf(fit, genuine, impostor) - 0.02)
    expect(minCllr([0.1], [0.9])).toBe(0)
    expect(minCllr([0.9], [0.1])).toBeCloseTo(1, 12)
  })
})

test('the isotonic fit is the min–max formula, ties and all', () => {
  const list = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 25 })
  fc.assert(
    fc.property(list, list, (g, i) => {
      const fit = fitIsotonic(g, i)
      const values = [...new Set([...g, ...i])].sort((a, b) => a - b)
      const average = (from: number, to: number) => {
        const inside = (list: number[]) => list.filter((d) => d >= values[from]! && d <= values[to]!).length
        return inside(g) / (inside(g) + inside(i))
      }
      // Falling regression: min over starts up to k of max over ends from k (Robertson, Wright & Dykstra 1988, 1.4).
      for (const [k, value] of values.entries()) {
        const starts = values
          .slice(0, k + 1)
          .map((_, a) => Math.max(...values.slice(k).map((_, b) => average(a, k + b))))
        expect(isotonicAt(fit, value)).toBeCloseTo(Math.min(...starts), 12)
      }
    }),
  )
})

test('what is called 80 % comes true in about 80 %, with a band', () => {
  const fit = accepted(fitLogistic(genuine, impostor))
  const prior = genuine.length / (genuine.length + impostor.length)
  const bins = reliability(
    [genuine, impostor].flatMap((list, kind) =>
      list.map((distance) => ({
        probability: posterior(logLikelihoodRatio(fit, distance), prior),
        genuine: kind === 0,
      })),
    ),
  )
  expect(bins.reduce((sum, bin) => sum + bin.pairs, 0)).toBe(24_000)
  for (const { predicted, observed, band } of bins) {
    expect(Math.abs(predicted - observed)).toBeLessThan(0.1)
    expect(band.low).toBeLessThanOrEqual(observed)
    expect(band.high).toBeGreaterThanOrEqual(observed)
  }
})
