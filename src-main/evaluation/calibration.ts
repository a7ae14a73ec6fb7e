import type { Comparisons } from './comparisons.ts'
import { distanceOfRank } from './distance-counts.ts'
import type { DistanceCounts } from './distance-counts.ts'
import { cllrOf, fitIsotonic, minCllr } from './isotonic-calibration.ts'
import type { IsotonicCalibration } from './isotonic-calibration.ts'
import { fitLogistic, logLikelihoodRatio, posterior } from './logistic-calibration.ts'
import type { LogisticCalibration } from './logistic-calibration.ts'
import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'
import { reliability } from './reliability.ts'
import type { ReliabilityBin } from './reliability.ts'

/** Distance → likelihood ratio, both ways of fitting it, and how good it is. The prior is the user's to state. */
export interface Calibration {
  kind: 'calibration'
  logistic: LogisticCalibration
  isotonic: IsotonicCalibration
  cllr: number // bits; of the logistic fit
  minCllr: number // bits; what discrimination alone costs
  /** At the share of genuine pairs among those used. */
  reliability: ReliabilityBin[]
  genuinePrior: number
  /** How many distances were used; of very many, evenly many of all ranks. */
  genuinePairs: number
  impostorPairs: number
}

const mostDistances = 20_000 // of each kind; a fit of two numbers gains nothing from more

/** Fits on the very comparisons it describes: kind to itself, and said so. */
export function calibrate({ genuine, impostor }: Comparisons): Calibration | Refused {
  const [own, others] = [spreadOut(genuine), spreadOut(impostor)]
  if (own.length < 2 || others.length < 2)
    return refused('no-genuine', 'Calibration needs two genuine and two impostor distances at least.')
  const logistic = fitLogistic(own, others, 0.5)
  if (logistic.kind === 'refused') return logistic
  const genuinePrior = own.length / (own.length + others.length)
  const predicted = (distances: Float64Array, genuine: boolean) =>
    Array.from(distances, (distance) => ({
      probability: posterior(logLikelihoodRatio(logistic, distance), genuinePrior),
      genuine,
    }))
  return {
    kind: 'calibration',
    logistic,
    isotonic: fitIsotonic(own, others),
    cllr: cllrOf(logistic, own, others),
    minCllr: minCllr(own, others),
    reliability: reliability([...predicted(own, true), ...predicted(others, false)]),
    genuinePrior,
    genuinePairs: own.length,
    impostorPairs: others.length,
  }
}

/** All distances, or so many of evenly spaced ranks. */
function spreadOut(counts: DistanceCounts): Float64Array {
  const found = counts.total - counts.failures
  const taken = Math.min(found, mostDistances)
  return Float64Array.from({ length: taken }, (_, i) =>
    distanceOfRank(counts, Math.floor(((i + 0.5) * found) / taken)),
  )
}
