import type { Comparisons } from './comparisons.ts'
import { binsPerUnit, countAtMost, percentile } from './distance-counts.ts'
import type { DistanceCounts } from './distance-counts.ts'

/** One kind of distance, described. */
export interface DistanceSummary {
  pairs: number
  failures: number
  mean: number
  deviation: number
  percentiles: { share: number; distance: number }[] // share 0–1
}

export interface Contrast {
  genuine: DistanceSummary
  impostor: DistanceSummary
  /** How far apart the two are, in their pooled deviation: |μᵢ − μ_g| / √((σᵢ² + σ_g²) / 2). */
  dPrime: number
  /** The share of the two densities that lies on top of each other, over the histogram's bins; 0–1. */
  overlap: number
  contrastiveLoss: number
  /** Genuine pairs beyond zero weigh always; impostor pairs nearer than the margin violate it. */
  marginViolations: { impostors: number; share: number }
  margin: number
}

const shares = [0, 0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999, 1]

/**
 * How well the embedder separates. `contrastiveLoss` is Hadsell et al. 2006, eq. 4, averaged over genuine and over
 * impostor pairs first and halved together, so that the many impostors do not drown the few genuine.
 */
export function contrastOf(compared: Comparisons, margin = 1): Contrast {
  const { genuine, impostor } = compared
  const violations = countAtMost(impostor, margin)
  return {
    genuine: summaryOf(genuine),
    impostor: summaryOf(impostor),
    dPrime: dPrimeOf(genuine, impostor),
    overlap: overlapOf(histogramOf(genuine), histogramOf(impostor)),
    contrastiveLoss: (meanSquare(genuine) + meanSquaredViolation(impostor, margin)) / 4,
    marginViolations: { impostors: violations, share: violations / impostor.total },
    margin,
  }
}

/** NaN where neither spreads, or one of the two is not there. */
export function dPrimeOf(genuine: DistanceCounts, impostor: DistanceCounts): number {
  const variances = (genuine.deviation ** 2 + impostor.deviation ** 2) / 2
  return variances > 0 ? Math.abs(impostor.mean - genuine.mean) / Math.sqrt(variances) : NaN
}

export function summaryOf(counts: DistanceCounts): DistanceSummary {
  return {
    pairs: counts.total,
    failures: counts.failures,
    mean: counts.mean,
    deviation: counts.deviation,
    percentiles: shares.map((share) => ({ share, distance: percentile(counts, share) })),
  }
}

export interface Histogram {
  /** counts[i] lie in (edges[i], edges[i + 1]]; the first bin holds 0 too. */
  edges: number[]
  counts: number[]
  /** Per unit of distance; its area is 1. */
  density: number[]
}

/** A histogram with exact counts, `bins` a power of two so that its edges are those of the fine bins. */
export function histogramOf(counts: DistanceCounts, bins = 64, to = 2): Histogram {
  const edges = Array.from({ length: bins + 1 }, (_, i) => (i * to) / bins)
  const atMost = edges.map((edge, i) => (i === 0 ? 0 : countAtMost(counts, edge)))
  const found = counts.total - counts.failures
  const inBins = edges.slice(1).map((_, i) => atMost[i + 1]! - atMost[i]!)
  const width = to / bins
  return { edges, counts: inBins, density: inBins.map((count) => (found > 0 ? count / found / width : 0)) }
}

function overlapOf(a: Histogram, b: Histogram): number {
  const width = a.edges[1]! - a.edges[0]!
  return a.density.reduce((sum, density, i) => sum + Math.min(density, b.density[i]!) * width, 0)
}

function meanSquare({ mean, deviation, total, failures }: DistanceCounts): number {
  const n = total - failures
  return n > 0 ? mean ** 2 + (n > 1 ? (deviation ** 2 * (n - 1)) / n : 0) : NaN
}

/** Mean of max(0, margin − distance)² over all, from the exact end and, beyond it, the middles of the fine bins. */
function meanSquaredViolation(counts: DistanceCounts, margin: number): number {
  let sum = 0
  for (const distance of counts.exact) sum += Math.max(0, margin - distance) ** 2
  if (counts.cumulative) {
    for (let i = 1; i < counts.cumulative.length && i / binsPerUnit <= margin; i++) {
      const upper = i / binsPerUnit
      const outside = counts.exactEnd === 'near' ? upper > counts.limit : upper <= counts.limit
      const inBin = counts.cumulative[i]! - counts.cumulative[i - 1]!
      if (outside) sum += inBin * (margin - upper + 0.5 / binsPerUnit) ** 2
    }
  }
  return sum / (counts.total - counts.failures)
}
