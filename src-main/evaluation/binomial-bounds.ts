import { inverseIncompleteBeta } from './incomplete-beta.ts'

export interface Interval {
  low: number
  high: number
}

/**
 * Clopper and Pearson's exact interval for `errors` among `trials` independent trials: it covers the rate with at
 * least `confidence`, whatever the rate is. Effective counts need not be whole (Korn & Graubard 1998).
 */
export function clopperPearson(errors: number, trials: number, confidence = 0.95): Interval {
  const alpha = (1 - confidence) / 2
  return { low: exactLower(errors, trials, 1 - alpha), high: exactUpper(errors, trials, 1 - alpha) }
}

/** The exact one-sided upper bound at `confidence` (0.95; FIDO's biometric requirements use 0.8). */
export function exactUpper(errors: number, trials: number, confidence = 0.95): number {
  if (trials <= 0 || errors >= trials) return 1
  if (errors <= 0) return -Math.expm1(Math.log(1 - confidence) / trials)
  return inverseIncompleteBeta(confidence, errors + 1, trials - errors)
}

/** The exact one-sided lower bound at `confidence`. */
export function exactLower(errors: number, trials: number, confidence = 0.95): number {
  if (trials <= 0 || errors <= 0) return 0
  if (errors >= trials) return Math.exp(Math.log(1 - confidence) / trials)
  return inverseIncompleteBeta(1 - confidence, errors, trials - errors + 1)
}

/** Wilson's score interval: narrower and right on average, but not guaranteed; `z` 1.959964 gives 95 %. */
export function wilson(errors: number, trials: number, z = 1.959963984540054): Interval {
  if (trials === 0) return { low: 0, high: 1 }
  const rate = errors / trials
  const centre = (rate + (z * z) / (2 * trials)) / (1 + (z * z) / trials)
  const half =
    (z * Math.sqrt((rate * (1 - rate)) / trials + (z * z) / (4 * trials * trials))) / (1 + (z * z) / trials)
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) }
}

/** The rule of three: n independent trials without an error bound the rate at 3/n with 95 % confidence. */
export function ruleOfThree(trials: number): number {
  return Math.min(1, 3 / trials)
}
