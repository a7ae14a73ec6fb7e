import type { Histogram } from '../../../src-main/evaluation/contrast.ts'

/** The corners of a histogram's outline: each bin's left edge with its height, the last edge at zero. */
export function outlineOf(
  { edges, density }: Histogram,
  height: (density: number) => number,
): { x: number; y: number }[] {
  return edges.map((edge, i) => ({ x: edge, y: height(density[i] ?? 0) }))
}

/** From a little before the first distance to a little after the last, in tenths. */
export function occupied(histograms: Histogram[], besides: number[] = []): [number, number] {
  let [low, high] = [Infinity, -Infinity]
  for (const { edges, counts } of histograms)
    for (const [i, count] of counts.entries()) {
      if (count === 0) continue
      low = Math.min(low, edges[i]!)
      high = Math.max(high, edges[i + 1]!)
    }
  for (const value of besides.filter(Number.isFinite)) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  if (!(high > low)) return [0, 2]
  return [Math.max(0, Math.floor(low * 10 - 0.3) / 10), Math.min(2, Math.ceil(high * 10 + 0.3) / 10)]
}
