import type { Comparisons } from './comparisons.ts'
import { countAtMost, distanceOfRank, distinctThresholds } from './distance-counts.ts'
import type { DistanceCounts } from './distance-counts.ts'

/** A threshold with the counts behind its rates. Exactly at the threshold is a match. */
export interface OperatingPoint {
  threshold: number // Euclidean distance between unit vectors
  fmr: number // false match rate, a fraction
  fnmr: number // false non-match rate, a fraction
  tmr: number // 1 − fnmr
  falseMatches: number
  falseNonMatches: number
  impostorPairs: number
  genuinePairs: number
}

/** Share of impostor comparisons that match. */
export function falseMatchRate(impostor: DistanceCounts, threshold: number): number {
  return countAtMost(impostor, threshold) / impostor.total
}

/** Share of genuine comparisons that do not match; one that failed does not. */
export function falseNonMatchRate(genuine: DistanceCounts, threshold: number): number {
  return 1 - countAtMost(genuine, threshold) / genuine.total
}

/** Both rates at a threshold; a few binary searches, so that a dragged threshold needs no worker. */
export function operatingPointAt({ genuine, impostor }: Comparisons, threshold: number): OperatingPoint {
  const falseMatches = countAtMost(impostor, threshold)
  const matches = countAtMost(genuine, threshold)
  return {
    threshold,
    fmr: falseMatches / impostor.total,
    fnmr: (genuine.total - matches) / genuine.total,
    tmr: matches / genuine.total,
    falseMatches,
    falseNonMatches: genuine.total - matches,
    impostorPairs: impostor.total,
    genuinePairs: genuine.total,
  }
}

/** The largest threshold whose FMR on these impostors is at most `wantedFmr`: just below the first impostor too many. */
export function thresholdAtFmr(impostor: DistanceCounts, wantedFmr: number): number {
  return thresholdAtCount(impostor, Math.floor(wantedFmr * impostor.total + 1e-9))
}

/** The largest threshold that at most `allowed` of these distances pass. */
export function thresholdAtCount(impostor: DistanceCounts, allowed: number): number {
  const found = impostor.total - impostor.failures
  if (allowed >= found) return 2 // unit vectors are never farther apart: everything matches
  const firstTooMany = distanceOfRank(impostor, Math.max(0, allowed))
  const exact = !impostor.cumulative || firstTooMany <= impostor.limit
  if (exact) return firstTooMany > 0 ? nextBelow(firstTooMany) : -1 // two identical impostors: nothing may match
  return firstTooMany - 1 / 32_768 // the edge below its bin
}

/** `wantedFmr` of the point is what was asked; its `fmr` what these impostors give. */
export function operatingPointAtFmr(
  compared: Comparisons,
  wantedFmr: number,
): OperatingPoint & { wantedFmr: number } {
  return { wantedFmr, ...operatingPointAt(compared, thresholdAtFmr(compared.impostor, wantedFmr)) }
}

/**
 * Equal error rate: where FMR = FNMR on the curve with straight lines between its points. `threshold` is the first at
 * which FMR is not below FNMR.
 */
export function equalErrorRate(compared: Comparisons): { rate: number; threshold: number } {
  const candidates = [compared.genuine, compared.impostor].map(distinctThresholds)
  const excess = (threshold: number) => {
    const { fmr, fnmr } = operatingPointAt(compared, threshold)
    return fmr - fnmr // never falls as the threshold grows
  }
  let threshold = Infinity
  let before = -Infinity
  for (const list of candidates) {
    let low = 0
    let high = list.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (excess(list[middle]!) >= 0) high = middle
      else low = middle + 1
    }
    threshold = Math.min(threshold, list[low] ?? Infinity)
    before = Math.max(before, list[low - 1] ?? -Infinity)
  }
  const upper = operatingPointAt(compared, threshold)
  const lower = operatingPointAt(compared, before)
  const gapBefore = lower.fnmr - lower.fmr
  const share = gapBefore / (gapBefore + upper.fmr - upper.fnmr)
  const rate = lower.fmr + share * (upper.fmr - lower.fmr)
  return {
    rate: Number.isFinite(threshold) ? rate : 1,
    threshold: Number.isFinite(threshold) ? threshold : 2,
  }
}

/** The largest double below a positive one. */
function nextBelow(value: number): number {
  const bits = new BigInt64Array(new Float64Array([value]).buffer)
  bits[0]! -= 1n
  return new Float64Array(bits.buffer)[0]!
}
