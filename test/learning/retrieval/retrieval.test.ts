import { describe, expect, test } from 'vitest'
import {
  averagePrecision,
  averagePrecisionAtR,
  reciprocalRank,
  recallAt,
  retrievalReport,
  rPrecision,
} from '../../../src-main/learning/retrieval/measures.ts'
import { rankings } from '../../../src-main/learning/retrieval/ranking.ts'
import golden from '../../golden/pml_2.9.0_golden.json' with { type: 'json' }

test("agrees with pytorch-metric-learning's accuracy calculator, leave one out", () => {
  const queries = {
    // its LpDistance makes embeddings unit length first
    embeddings: Float32Array.from(golden.embeddings.flatMap((row) => row.map((v) => v / Math.hypot(...row)))),
    length: golden.embeddings[0]!.length,
    labels: golden.labels,
  }
  const report = retrievalReport(rankings(queries), [1])
  const expected = golden.accuracy_leave_one_out_L2
  expect(report.recallAt[1]).toBeCloseTo(expected.precision_at_1, 12)
  expect(report.rPrecision).toBeCloseTo(expected.r_precision, 12)
  expect(report.meanAveragePrecisionAtR).toBeCloseTo(expected.mean_average_precision_at_r, 12)
  expect(report.meanAveragePrecision).toBeCloseTo(expected.mean_average_precision, 12)
  expect(report.meanReciprocalRank).toBeCloseTo(expected.mean_reciprocal_rank, 12)
})

describe('on a line, by hand', () => {
  // query at 0; references at 1 (other), 2 (hit), 3 (other), 4 (hit)
  const [ranking] = [
    ...rankings(
      { embeddings: Float32Array.of(0), length: 1, labels: [7] },
      { embeddings: Float32Array.of(4, 1, 3, 2), length: 1, labels: [7, 8, 8, 7] },
    ),
  ]

  test('each measure follows its definition', () => {
    expect([...ranking!.hits]).toEqual([0, 1, 0, 1])
    expect(recallAt(1, ranking!)).toBe(0)
    expect(recallAt(2, ranking!)).toBe(1)
    expect(recallAt(99, ranking!)).toBe(1)
    expect(rPrecision(ranking!)).toBe(1 / 2)
    expect(averagePrecisionAtR(ranking!)).toBe(1 / 2 / 2)
    expect(averagePrecision(ranking!)).toBe((1 / 2 + 2 / 4) / 2)
    expect(reciprocalRank(ranking!)).toBe(1 / 2)
  })
})

test('a query without a companion is left out, and nothing to find is not a number', () => {
  const lonely = { embeddings: Float32Array.of(0, 1, 2), length: 1, labels: [1, 1, 2] }
  expect(retrievalReport(rankings(lonely)).queries).toBe(2)
  const none = retrievalReport(rankings({ embeddings: Float32Array.of(0, 1), length: 1, labels: [1, 2] }))
  expect(none.queries).toBe(0)
  expect(none.rPrecision).toBeNaN()
})
