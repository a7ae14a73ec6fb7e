import { clopperPearson } from './binomial-bounds.ts'
import type { Interval } from './binomial-bounds.ts'

export interface ReliabilityBin {
  predicted: number // mean P(genuine) of the bin's pairs
  observed: number // share of them that is genuine
  band: Interval // 95 %, pairs taken as independent
  pairs: number
}

/** Does what is called 80 % come true in 80 %? Predictions in bins of equal width; empty bins are left out. */
export function reliability(
  predictions: { probability: number; genuine: boolean }[],
  bins = 10,
): ReliabilityBin[] {
  return Array.from({ length: bins }, (_, bin) => {
    const own = predictions.filter(
      ({ probability }) => Math.min(bins - 1, Math.floor(probability * bins)) === bin,
    )
    const genuine = own.filter((prediction) => prediction.genuine).length
    return {
      predicted: own.reduce((sum, { probability }) => sum + probability, 0) / own.length,
      observed: genuine / own.length,
      band: clopperPearson(genuine, own.length),
      pairs: own.length,
    }
  }).filter(({ pairs }) => pairs > 0)
}
