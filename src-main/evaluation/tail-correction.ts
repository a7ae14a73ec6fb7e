import type { Comparisons } from './comparisons.ts'
import { countAtMost } from './distance-counts.ts'
import type { DistanceCounts } from './distance-counts.ts'
import { doubtedFmr } from './doubt.ts'
import { thresholdAtFmr } from './error-rates.ts'

/** How much too kind virtual strangers are: what real, held-out people give at the thresholds they name. */
export interface TailCorrection {
  points: { virtualFmr: number; realFmr: number; realUpper95: number; falseMatches: number }[]
  heldOutPeople: number
}

const rates = [1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5]

/** Measures the correction on people whom the model of strangers was not fitted on; rates without a false match are left out. */
export function measureTailCorrection(virtual: DistanceCounts, heldOut: Comparisons): TailCorrection {
  const points = rates
    .filter((rate) => rate * virtual.total >= 10)
    .map((virtualFmr) => {
      const real = doubtedFmr(heldOut, thresholdAtFmr(virtual, virtualFmr))
      return { virtualFmr, realFmr: real.rate, realUpper95: real.upper95, falseMatches: real.errors }
    })
    .filter((point) => point.falseMatches > 0)
  return { points, heldOutPeople: heldOut.people }
}

/** The FMR to expect of real strangers at a threshold. Beyond the measured points the last ratio holds on; it never makes a rate kinder. */
export function correctedFmr(
  correction: TailCorrection,
  virtual: DistanceCounts,
  threshold: number,
): { fmr: number; virtualFmr: number; extrapolated: boolean } {
  const virtualFmr = countAtMost(virtual, threshold) / virtual.total
  const { ratio, extrapolated } = ratioAt(correction, virtualFmr)
  return { fmr: Math.min(1, virtualFmr * ratio), virtualFmr, extrapolated }
}

/** The threshold at which real strangers are expected to give the wanted FMR. */
export function thresholdForStrangers(
  correction: TailCorrection,
  virtual: DistanceCounts,
  wantedFmr: number,
): number {
  let [low, high] = [0, 2]
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2
    if (correctedFmr(correction, virtual, middle).fmr <= wantedFmr) low = middle
    else high = middle
  }
  return low
}

/** What is still wrong after the correction, on a second set of people: real over forecast FMR at each rate. */
export function remainingError(
  correction: TailCorrection,
  virtual: DistanceCounts,
  others: Comparisons,
): { wantedFmr: number; realFmr: number; ratio: number }[] {
  return correction.points.map(({ realFmr: wantedFmr }) => {
    const threshold = thresholdForStrangers(correction, virtual, wantedFmr)
    const realFmr = countAtMost(others.impostor, threshold) / others.impostor.total
    return { wantedFmr, realFmr, ratio: realFmr / wantedFmr }
  })
}

function ratioAt({ points }: TailCorrection, virtualFmr: number): { ratio: number; extrapolated: boolean } {
  const known = points.map(({ virtualFmr: rate, realFmr }) => ({
    at: Math.log(rate),
    log: Math.max(0, Math.log(realFmr / rate)),
  }))
  const x = Math.log(Math.max(virtualFmr, 1e-300))
  const next = known.findIndex((point) => point.at <= x) // points fall
  if (known.length === 0) return { ratio: 1, extrapolated: true }
  if (next === -1) return { ratio: Math.exp(known.at(-1)!.log), extrapolated: true }
  if (next === 0) return { ratio: Math.exp(known[0]!.log), extrapolated: known[0]!.at < x }
  const [above, below] = [known[next - 1]!, known[next]!]
  const share = (x - below.at) / (above.at - below.at)
  return { ratio: Math.exp(below.log + share * (above.log - below.log)), extrapolated: false }
}
