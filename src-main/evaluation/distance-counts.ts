/**
 * Any number of distances in bounded memory: every count at a bin's edge is exact, and so is every count in the
 * end that matters (the nearest impostors, the farthest genuine), where the distances themselves are kept.
 */
export interface DistanceCounts {
  /** All comparisons, those that failed (no face found) among them. */
  total: number
  /** Comparisons without a distance: they match at no threshold. */
  failures: number
  /** Which end is kept distance by distance. */
  exactEnd: 'near' | 'far'
  /** Every distance of that end, ascending. */
  exact: Float64Array
  /** The exact end holds all distances ≤ limit (near) or > limit (far); ±Infinity where it holds all there are. */
  limit: number
  /** cumulative[i]: how many distances are ≤ i / binsPerUnit. Null where `exact` holds them all. */
  cumulative: Float64Array | null
  mean: number // of those that have a distance; NaN without any
  deviation: number // standard deviation, n − 1
}

/** A power of two, so that distance × binsPerUnit is exact and a count at an edge is too. */
export const binsPerUnit = 32_768 // bins of 3e-5: far below what a camera's noise moves a distance
const bins = 2 * binsPerUnit // unit vectors are at most 2 apart
const exactLimit = 262_144 // FMR 1e-3 of 2·10⁸ comparisons; 2 MB

/** Counts distances as they come; give it to a sweep over pairs and `finish` it. */
export class DistanceCounter {
  readonly #end: 'near' | 'far'
  readonly #capacity: number
  readonly #counts = new Float64Array(bins + 1)
  #tail: Float64Array
  #kept = 0
  #limit: number
  #finite = 0
  #failures = 0
  #sum = 0
  #squares = 0

  constructor(exactEnd: 'near' | 'far', capacity = exactLimit) {
    this.#end = exactEnd
    this.#capacity = Math.max(1, capacity)
    this.#tail = new Float64Array(Math.min(4096, 2 * this.#capacity))
    this.#limit = exactEnd === 'near' ? Infinity : -Infinity
  }

  /** A comparison that could not be made. */
  addFailure(): void {
    this.#failures++
  }

  add(distance: number): void {
    this.#counts[Math.min(bins, Math.ceil(distance * binsPerUnit))]! += 1
    this.#finite++
    this.#sum += distance
    this.#squares += distance * distance
    if (this.#end === 'near' ? distance <= this.#limit : distance > this.#limit) this.#keep(distance)
  }

  /** Inner products of unit vectors, from `from` up to `to`: distance = √(2 − 2s). */
  addProducts(products: Float32Array, from: number, to: number): void {
    const counts = this.#counts
    const near = this.#end === 'near'
    let limit = this.#limit
    let sum = 0
    let squares = 0
    for (let i = from; i < to; i++) {
      const squared = Math.max(0, 2 - 2 * products[i]!) // rounding puts identical vectors a hair beyond 1
      const distance = Math.sqrt(squared)
      const bin = Math.ceil(distance * binsPerUnit)
      counts[bin < bins ? bin : bins]! += 1
      sum += distance
      squares += squared
      if (near ? distance <= limit : distance > limit) {
        this.#keep(distance)
        limit = this.#limit
      }
    }
    this.#finite += to - from
    this.#sum += sum
    this.#squares += squares
  }

  finish(): DistanceCounts {
    const all = this.#kept === this.#finite
    const exact = this.#tail.slice(0, this.#kept).sort()
    const cumulative = all ? null : new Float64Array(bins + 1)
    if (cumulative) {
      let running = 0
      for (let i = 0; i <= bins; i++) cumulative[i] = running += this.#counts[i]!
    }
    const n = this.#finite
    const mean = n > 0 ? this.#sum / n : NaN
    // Few distances: in two passes, so that the deviation of nearly equal ones is not lost to rounding.
    const variance = all
      ? exact.reduce((sum, distance) => sum + (distance - mean) ** 2, 0) / (n - 1)
      : (this.#squares - n * mean * mean) / (n - 1)
    return {
      total: n + this.#failures,
      failures: this.#failures,
      exactEnd: this.#end,
      exact,
      limit: this.#limit,
      cumulative,
      mean,
      deviation: n > 1 ? Math.sqrt(Math.max(0, variance)) : n === 1 ? 0 : NaN,
    }
  }

  #keep(distance: number): void {
    if (this.#kept === this.#tail.length) this.#makeRoom()
    // Room may have been made by moving the limit past this very distance.
    if (this.#end === 'near' ? distance <= this.#limit : distance > this.#limit)
      this.#tail[this.#kept++] = distance
  }

  /** Grows up to twice the capacity, then moves the limit to the edge that leaves at most the capacity. */
  #makeRoom(): void {
    if (this.#tail.length < 2 * this.#capacity) {
      const larger = new Float64Array(Math.min(2 * this.#capacity, 2 * this.#tail.length))
      larger.set(this.#tail)
      this.#tail = larger
      return
    }
    const near = this.#end === 'near'
    let edge = near ? 0 : bins
    // The newest distance may be in the bins already and not in the tail: it only makes the edge stricter.
    if (near) for (let n = this.#counts[0]!; n <= this.#capacity;) n += this.#counts[++edge]!
    else for (let n = this.#counts[bins]!; n <= this.#capacity;) n += this.#counts[--edge]!
    const limit = (near ? edge - 1 : edge) / binsPerUnit
    let kept = 0
    for (let i = 0; i < this.#kept; i++) {
      const distance = this.#tail[i]!
      if (near ? distance <= limit : distance > limit) this.#tail[kept++] = distance
    }
    this.#kept = kept
    this.#limit = limit
  }
}

/** Every distance kept. A distance of +Infinity is a comparison that failed. */
export function countDistances(
  distances: ArrayLike<number>,
  exactEnd: 'near' | 'far' = 'near',
): DistanceCounts {
  const finite = Float64Array.from(distances).filter((distance) => distance !== Infinity)
  if (finite.some(Number.isNaN)) throw new RangeError('a distance is NaN: check with `comparisons` first')
  const exact = finite.sort()
  const n = exact.length
  const mean = exact.reduce((sum, distance) => sum + distance, 0) / n
  const squares = exact.reduce((sum, distance) => sum + (distance - mean) ** 2, 0)
  return {
    total: distances.length,
    failures: distances.length - n,
    exactEnd,
    exact,
    limit: exactEnd === 'near' ? Infinity : -Infinity,
    cumulative: null,
    mean,
    deviation: n > 1 ? Math.sqrt(squares / (n - 1)) : n === 1 ? 0 : NaN,
  }
}

/**
 * How many distances are ≤ threshold. Exact in the exact end and at every bin's edge; between two edges the error is
 * counted, not hidden: impostors (near) count up to the edge above, genuine (far) up to the edge below.
 */
export function countAtMost(counts: DistanceCounts, threshold: number): number {
  const { exact, cumulative, limit } = counts
  if (!cumulative) return rankAfter(exact, threshold)
  if (counts.exactEnd === 'near')
    return threshold <= limit
      ? rankAfter(exact, threshold)
      : cumulative[clampBin(Math.ceil(threshold * binsPerUnit))]!
  return threshold >= limit
    ? counts.total - counts.failures - (exact.length - rankAfter(exact, threshold))
    : threshold < 0
      ? 0
      : cumulative[clampBin(Math.floor(threshold * binsPerUnit))]!
}

/** Every threshold at which the count changes and is exact, ascending. */
export function distinctThresholds({ exact, exactEnd, cumulative, limit }: DistanceCounts): Float64Array {
  const kept: number[] = []
  for (let i = 0; i < exact.length; i++) if (exact[i] !== exact[i + 1]) kept.push(exact[i]!)
  if (!cumulative) return Float64Array.from(kept)
  const edges: number[] = []
  for (let i = 0; i <= bins; i++) {
    const edge = i / binsPerUnit
    const outside = exactEnd === 'near' ? edge > limit : edge <= limit
    if (outside && cumulative[i] !== (i > 0 ? cumulative[i - 1] : 0)) edges.push(edge)
  }
  return Float64Array.from(exactEnd === 'near' ? kept.concat(edges) : edges.concat(kept))
}

/** The distance below or at which a share `fraction` lies (0–1), linear between neighbours as NumPy's default. */
export function percentile(counts: DistanceCounts, fraction: number): number {
  const n = counts.total - counts.failures
  if (n === 0) return NaN
  const rank = fraction * (n - 1)
  const below = distanceOfRank(counts, Math.floor(rank))
  const above = distanceOfRank(counts, Math.ceil(rank))
  return below + (rank - Math.floor(rank)) * (above - below)
}

/** The distance of 0-based rank `rank`, ascending; outside the exact end the upper edge of its bin. */
export function distanceOfRank(counts: DistanceCounts, rank: number): number {
  const { exact, cumulative, exactEnd } = counts
  const n = counts.total - counts.failures
  if (rank < 0 || rank >= n) return NaN
  if (!cumulative || (exactEnd === 'near' && rank < exact.length)) return exact[rank]!
  if (exactEnd === 'far' && rank >= n - exact.length) return exact[rank - (n - exact.length)]!
  return rankAfter(cumulative, rank) / binsPerUnit // the first edge with more than `rank` distances at or below it
}

/** How many elements of an ascending array are ≤ value. */
export function rankAfter(ascending: ArrayLike<number>, value: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ascending[middle]! <= value) low = middle + 1
    else high = middle
  }
  return low
}

function clampBin(bin: number): number {
  return Math.max(0, Math.min(bins, bin))
}
