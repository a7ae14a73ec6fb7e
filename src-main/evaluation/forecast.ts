import { countAtMost } from './distance-counts.ts'
import type { DistanceCounts } from './distance-counts.ts'
import { correctedFmr } from './tail-correction.ts'
import type { TailCorrection } from './tail-correction.ts'

/** How virtual strangers differ from real ones in one form of comparison, and what is still wrong after correcting it. */
export interface StrangersCorrection {
  correction: TailCorrection
  /** Real over forecast FMR, the worst of what a second set of people gave; at least 1. */
  worstRatio: number
}

/** The FMR to expect of real strangers where virtual ones were measured: a forecast, never a measurement. */
export interface Forecast {
  fmr: number
  /** The forecast times the worst remaining error: what a wish is held to. */
  worst: number
  virtualFmr: number
  /** Beyond the rates at which real people checked the virtual ones. */
  extrapolated: boolean
}

const fewestMatches = 10 // of virtual strangers: below that their own share is noise

export function forecastFmr(
  { correction, worstRatio }: StrangersCorrection,
  virtual: DistanceCounts,
  threshold: number,
): Forecast {
  const { fmr, virtualFmr, extrapolated } = correctedFmr(correction, virtual, threshold)
  return {
    fmr,
    worst: Math.min(1, fmr * worstRatio),
    virtualFmr,
    extrapolated: extrapolated || countAtMost(virtual, threshold) < fewestMatches,
  }
}

/** The largest threshold whose forecast stays at most `wantedFmr` in the worst case; null where that would be guessing. */
export function forecastThreshold(
  correction: StrangersCorrection,
  virtual: DistanceCounts,
  wantedFmr: number,
): number | null {
  let [low, high] = [0, 2]
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2
    if (forecastFmr(correction, virtual, middle).worst <= wantedFmr) low = middle
    else high = middle
  }
  return forecastFmr(correction, virtual, low).extrapolated ? null : low
}
