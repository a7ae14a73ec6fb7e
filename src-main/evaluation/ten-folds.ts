/** One pair of a verification benchmark; `distance` is null where a face was not found. */
export interface FoldedPair {
  fold: number // 0-based
  genuine: boolean
  distance: number | null
}

export interface FoldedAccuracy {
  accuracy: number // mean over the folds, a fraction
  deviation: number // standard deviation over the folds, n − 1
  folds: { accuracy: number; threshold: number; pairs: number }[]
}

/**
 * Verification accuracy as LFW's view 2 has it: for each fold the threshold that is right most often on the *other*
 * folds is applied to it. A pair without a distance is an error in its own fold and says nothing about thresholds.
 */
export function accuracyOverFolds(pairs: FoldedPair[]): FoldedAccuracy {
  const foldNumbers = [...new Set(pairs.map((pair) => pair.fold))].sort((a, b) => a - b)
  const folds = foldNumbers.map((fold) => {
    const threshold = mostAccurateThreshold(pairs.filter((pair) => pair.fold !== fold))
    const own = pairs.filter((pair) => pair.fold === fold)
    const right = own.filter(
      ({ distance, genuine }) => distance !== null && distance <= threshold === genuine,
    ).length
    return { accuracy: right / own.length, threshold, pairs: own.length }
  })
  const accuracy = folds.reduce((sum, fold) => sum + fold.accuracy, 0) / folds.length
  const squares = folds.reduce((sum, fold) => sum + (fold.accuracy - accuracy) ** 2, 0)
  return { accuracy, deviation: folds.length > 1 ? Math.sqrt(squares / (folds.length - 1)) : 0, folds }
}

/** The middle of the widest stretch between neighbouring distances on which most pairs are judged rightly. */
export function mostAccurateThreshold(pairs: FoldedPair[]): number {
  const found = pairs
    .filter((pair): pair is FoldedPair & { distance: number } => pair.distance !== null)
    .sort((a, b) => a.distance - b.distance)
  let right = found.filter((pair) => !pair.genuine).length // threshold below everything
  let best = { right, width: -1, threshold: found.length > 0 ? found[0]!.distance / 2 : 0 }
  for (const [i, { distance, genuine }] of found.entries()) {
    right += genuine ? 1 : -1
    const next = found[i + 1]?.distance ?? distance
    if (i + 1 < found.length && next === distance) continue // ties move together
    const width = next - distance
    if (right > best.right || (right === best.right && width > best.width))
      best = { right, width, threshold: (distance + next) / 2 }
  }
  return best.threshold
}

/** Folds by line number within genuine and within impostor, for a list without folds of its own. */
export function foldsByOrder(genuine: boolean[], folds = 10): number[] {
  const totals = { true: genuine.filter(Boolean).length, false: genuine.filter((g) => !g).length }
  const seen = { true: 0, false: 0 }
  return genuine.map((isGenuine) => {
    const kind = isGenuine ? 'true' : 'false'
    return Math.floor((seen[kind]++ * folds) / totals[kind])
  })
}
