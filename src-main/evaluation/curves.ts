import type { Comparisons } from './comparisons.ts'
import { countAtMost, distinctThresholds } from './distance-counts.ts'
import { probit, roughProbit } from './normal.ts'

/** ROC and DET in one: at each threshold where a count changes, how many of each kind match. Ascending. */
export interface Curve {
  /** −Infinity first, where nothing matches. */
  thresholds: Float64Array
  falseMatches: Float64Array
  genuineMatches: Float64Array
  impostorPairs: number
  genuinePairs: number
}

/** Every operating point there is, ties taken together. */
export function curveOf(compared: Comparisons): Curve {
  const { genuine, impostor } = compared
  const thresholds = union(distinctThresholds(genuine), distinctThresholds(impostor))
  return {
    thresholds,
    falseMatches: thresholds.map((threshold) => countAtMost(impostor, threshold)),
    genuineMatches: thresholds.map((threshold) => countAtMost(genuine, threshold)),
    impostorPairs: impostor.total,
    genuinePairs: genuine.total,
  }
}

/** Area under the ROC: the chance that a genuine distance is the smaller one, ties half (Mann–Whitney). */
export function areaUnder({ falseMatches, genuineMatches, impostorPairs, genuinePairs }: Curve): number {
  let area = 0
  for (let i = 1; i < falseMatches.length; i++)
    area += ((falseMatches[i]! - falseMatches[i - 1]!) * (genuineMatches[i]! + genuineMatches[i - 1]!)) / 2
  // Failed comparisons match at no threshold: beyond the last point the curve goes level to FMR 1.
  area += (impostorPairs - falseMatches.at(-1)!) * genuineMatches.at(-1)!
  return area / impostorPairs / genuinePairs
}

export interface DetPoint {
  threshold: number
  fmr: number
  fnmr: number
  x: number // probit of FMR; ±Infinity at 0 and 1, which a DET plot cannot show
  y: number // probit of FNMR
}

/** At most `points` of the curve, evenly spread along a DET plot's axes, so that a chart stays light. */
export function detPoints(curve: Curve, points = 400): DetPoint[] {
  const { thresholds, falseMatches, genuineMatches, impostorPairs, genuinePairs } = curve
  const chosen: DetPoint[] = []
  let last = { x: -Infinity, y: Infinity }
  const step = 16 / points // both axes together run over about 16 deviations
  for (let i = 0; i < thresholds.length; i++) {
    const fmr = falseMatches[i]! / impostorPairs
    const fnmr = (genuinePairs - genuineMatches[i]!) / genuinePairs
    const [x, y] = [roughProbit(fmr), roughProbit(fnmr)]
    const moved = difference(x, last.x) + difference(y, last.y)
    if (chosen.length > 0 && moved < step && i < thresholds.length - 1) continue
    chosen.push({ threshold: thresholds[i]!, fmr, fnmr, x: probit(fmr), y: probit(fnmr) })
    last = { x, y }
  }
  return chosen
}

/** FMR and FNMR at evenly spaced thresholds from 0 to `to`. */
export function ratesByThreshold(
  { genuine, impostor }: Comparisons,
  steps = 200,
  to = 2,
): { threshold: number; fmr: number; fnmr: number }[] {
  return Array.from({ length: steps + 1 }, (_, i) => {
    const threshold = (i * to) / steps
    return {
      threshold,
      fmr: countAtMost(impostor, threshold) / impostor.total,
      fnmr: 1 - countAtMost(genuine, threshold) / genuine.total,
    }
  })
}

function difference(a: number, b: number): number {
  return a === b ? 0 : Math.abs(a - b)
}

/** −Infinity and both ascending lists, each value once. */
function union(a: Float64Array, b: Float64Array): Float64Array {
  const merged = new Float64Array(a.length + b.length + 1)
  merged[0] = -Infinity
  let [i, j, n] = [0, 0, 1]
  while (i < a.length || j < b.length) {
    const value = Math.min(a[i] ?? Infinity, b[j] ?? Infinity)
    if (a[i] === value) i++
    if (b[j] === value) j++
    merged[n++] = value
  }
  return merged.slice(0, n)
}
