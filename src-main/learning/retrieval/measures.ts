import type { Ranking } from './ranking.ts'

/** 1 when one of the nearest k is of the query's class, else 0: Recall@K of the metric-learning literature (Song et al. 2016). */
export function recallAt(k: number, { hits }: Ranking): number {
  return hits.subarray(0, k).includes(1) ? 1 : 0
}

/** Share of the query's class among its nearest R, R being the size of that class (Musgrave et al. 2020, section 3.2). */
export function rPrecision({ hits, relevant }: Ranking): number {
  return hits.subarray(0, relevant).reduce((sum, hit) => sum + hit, 0) / relevant
}

/** Mean over the nearest R of the precision at each hit (MAP@R; Musgrave et al. 2020, section 3.2). */
export function averagePrecisionAtR({ hits, relevant }: Ranking): number {
  return precisionAtHits(hits.subarray(0, relevant)) / relevant
}

/** Mean over all hits, however far, of the precision at each (Manning et al. 2008, section 8.4). */
export function averagePrecision({ hits, relevant }: Ranking): number {
  return precisionAtHits(hits) / relevant
}

/** 1 / rank of the first hit (Voorhees 1999). */
export function reciprocalRank({ hits }: Ranking): number {
  return 1 / (hits.indexOf(1) + 1)
}

function precisionAtHits(hits: Uint8Array): number {
  let found = 0
  return hits.reduce((sum, hit, i) => (hit ? sum + ++found / (i + 1) : sum), 0)
}

/** Each measure's mean over the queries that have one. */
export interface RetrievalReport {
  queries: number
  recallAt: Record<number, number>
  rPrecision: number
  meanAveragePrecisionAtR: number
  meanAveragePrecision: number
  meanReciprocalRank: number
}

/** All measures over all queries; NaN where no query has a class to find. */
export function retrievalReport(
  rankings: Iterable<Ranking>,
  ks: readonly number[] = [1, 5, 10],
): RetrievalReport {
  const all = [...rankings]
  const mean = (measure: (ranking: Ranking) => number) =>
    all.reduce((sum, ranking) => sum + measure(ranking), 0) / all.length
  return {
    queries: all.length,
    recallAt: Object.fromEntries(ks.map((k) => [k, mean((ranking) => recallAt(k, ranking))])),
    rPrecision: mean(rPrecision),
    meanAveragePrecisionAtR: mean(averagePrecisionAtR),
    meanAveragePrecision: mean(averagePrecision),
    meanReciprocalRank: mean(reciprocalRank),
  }
}
