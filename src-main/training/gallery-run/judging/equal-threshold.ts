/** Impostor distances of the same comparisons under two models, each ascending. */
export interface Ascending {
  before: Float32Array
  after: Float32Array
}

export function ascending({ before, after }: Ascending): Ascending {
  return { before: before.toSorted(), after: after.toSorted() }
}

/**
 * The threshold under a new model that lets as many of the same impostors through as `threshold` does under the old one.
 * Where hardly any pass, the two models' distances at the tenth nearest say how far the scale moved.
 */
export function equalThreshold({ before, after }: Ascending, threshold: number): number {
  if (before.length === 0) return threshold
  const passing = before.findIndex((distance) => distance > threshold)
  const rank = Math.min(before.length, Math.max(fewestPassing, passing === -1 ? before.length : passing)) - 1
  return before[rank]! > 0 ? Math.min(2, (threshold * after[rank]!) / before[rank]!) : threshold
}

const fewestPassing = 10
