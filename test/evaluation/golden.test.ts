import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { clopperPearson, exactUpper, wilson } from '../../src-main/evaluation/binomial-bounds.ts'
import { comparisons } from '../../src-main/evaluation/comparisons.ts'
import { areaUnder, curveOf } from '../../src-main/evaluation/curves.ts'
import { fitIsotonic, isotonicAt } from '../../src-main/evaluation/isotonic-calibration.ts'
import { fitLogistic } from '../../src-main/evaluation/logistic-calibration.ts'
import { accepted } from './accepted.ts'

interface Golden {
  genuine_distances: number[]
  impostor_distances: number[]
  roc_auc: number
  roc: { fpr: number[]; tpr: number[]; thr_on_minus_distance: (number | null)[] }
  binomial: {
    k: number
    n: number
    cp95: [number, number]
    cp95_one_sided_upper: number
    cp80_one_sided_upper: number
    wilson95: [number, number]
  }[]
  platt_on_distance: { coef: number; intercept: number }
  isotonic_at: Record<string, number>
}

/** scikit-learn 1.9.1 and SciPy 1.17.1 on the same distances. */
const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, '../golden/stats_golden.json'), 'utf8'),
) as Golden
const near = (value: number, expected: number) => expect(Math.abs(value - expected)).toBeLessThanOrEqual(1e-9)

describe('against scikit-learn and SciPy, to 1e-9', () => {
  const compared = accepted(comparisons(golden.genuine_distances, golden.impostor_distances))
  const curve = curveOf(compared)

  test('the ROC curve, every threshold of it', () => {
    expect(curve.thresholds.length).toBe(golden.roc.fpr.length)
    for (const [i, fpr] of golden.roc.fpr.entries()) {
      near(curve.falseMatches[i]! / curve.impostorPairs, fpr)
      near(curve.genuineMatches[i]! / curve.genuinePairs, golden.roc.tpr[i]!)
      if (i > 0) near(curve.thresholds[i]!, -golden.roc.thr_on_minus_distance[i]!)
    }
  })

  test('the area under it', () => near(areaUnder(curve), golden.roc_auc))

  test('the logistic fit', () => {
    const { slope, intercept } = accepted(fitLogistic(golden.genuine_distances, golden.impostor_distances))
    near(slope, golden.platt_on_distance.coef)
    near(intercept, golden.platt_on_distance.intercept)
  })

  test('the isotonic fit', () => {
    const fit = fitIsotonic(golden.genuine_distances, golden.impostor_distances)
    for (const [distance, probability] of Object.entries(golden.isotonic_at))
      near(isotonicAt(fit, Number(distance)), probability)
  })

  test.each(golden.binomial)('bounds on $k errors in $n', (row) => {
    const { low, high } = clopperPearson(row.k, row.n)
    near(low, row.cp95[0])
    near(high, row.cp95[1])
    near(exactUpper(row.k, row.n), row.cp95_one_sided_upper)
    near(exactUpper(row.k, row.n, 0.8), row.cp80_one_sided_upper)
    near(wilson(row.k, row.n).low, row.wilson95[0])
    near(wilson(row.k, row.n).high, row.wilson95[1])
  })
})
