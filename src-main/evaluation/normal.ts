import { inverseIncompleteBeta } from './incomplete-beta.ts'

/** Φ(x): the chance that a standard normal variable is ≤ x, to about 1e-15 in the middle and 1e-11 of itself in the tails. */
export function normalCdf(x: number): number {
  const half = complementaryError(Math.abs(x) / Math.SQRT2) / 2
  return x > 0 ? 1 - half : half
}

/** Φ⁻¹: the axes of a DET plot. ±Infinity at 0 and 1. */
export function probit(probability: number): number {
  if (!(probability > 0 && probability < 1)) return probability <= 0 ? -Infinity : Infinity
  if (probability > 0.5) return -probit(1 - probability)
  let x = roughProbit(probability)
  // Halley's steps.
  for (let step = 0; step < 4; step++) {
    const u = ((normalCdf(x) - probability) * Math.sqrt(2 * Math.PI)) / Math.exp(-(x * x) / 2)
    x -= u / (1 + (x * u) / 2)
  }
  return x
}

/** Φ⁻¹ to 4.5e-4 and a hundred times faster, to choose the points of a plot by (Abramowitz & Stegun 26.2.23). */
export function roughProbit(probability: number): number {
  if (!(probability > 0 && probability < 1)) return probability <= 0 ? -Infinity : Infinity
  if (probability > 0.5) return -roughProbit(1 - probability)
  const t = Math.sqrt(-2 * Math.log(probability))
  const above = 2.515517 + 0.802853 * t + 0.010328 * t * t
  const below = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308))
  return above / below - t
}

/** The quantile of Student's t distribution, for probabilities above one half. */
export function studentQuantile(probability: number, degreesOfFreedom: number): number {
  const x = inverseIncompleteBeta(2 * (1 - probability), degreesOfFreedom / 2, 0.5)
  return Math.sqrt((degreesOfFreedom * (1 - x)) / x)
}

/** erfc for x ≥ 0: its series near zero, its continued fraction beyond. */
function complementaryError(x: number): number {
  if (x > 40) return 0
  if (x < 2) {
    let term = x
    let sum = x
    for (let n = 1; n < 60 && Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (-x * x) / n
      sum += term / (2 * n + 1)
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum
  }
  let fraction = x
  for (let k = 80; k >= 1; k--) fraction = x + k / 2 / fraction
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction
}
