import { studentQuantile } from '../../evaluation/normal.ts'
import type { ErrorsByPerson } from './paired.ts'

/** Which way a paired comparison over people goes, as far as chance lets one say. */
export type Direction = 'better' | 'worse' | 'no-difference'

/**
 * The sign test over people: who errs more often against who errs less often. Ten photographs of one person are one
 * voice. 'better' and 'worse' are said at one-sided 95 %.
 */
export function signTest(errors: ErrorsByPerson): { gained: number; lost: number; direction: Direction } {
  let [gained, lost] = [0, 0]
  for (const { before, after } of errors.values()) {
    if (after < before) gained++
    if (after > before) lost++
  }
  const direction =
    chanceOfAtLeast(gained, gained + lost) <= 0.05
      ? 'better'
      : chanceOfAtLeast(lost, gained + lost) <= 0.05
        ? 'worse'
        : 'no-difference'
  return { gained, lost, direction }
}

/** The mean of differences over people with its one-sided 95 % bounds (Student's t); a positive difference is better. */
export function meanDifference(differences: readonly number[]): {
  mean: number
  lower95: number
  upper95: number
  direction: Direction
} {
  const n = differences.length
  const mean = differences.reduce((sum, value) => sum + value, 0) / Math.max(1, n)
  if (n < 2) return { mean, lower95: -Infinity, upper95: Infinity, direction: 'no-difference' }
  const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1)
  const half = studentQuantile(0.95, n - 1) * Math.sqrt(variance / n)
  const [lower95, upper95] = [mean - half, mean + half]
  return {
    mean,
    lower95,
    upper95,
    direction: lower95 > 0 ? 'better' : upper95 < 0 ? 'worse' : 'no-difference',
  }
}

/** P(X ≥ k) of a fair coin thrown n times. */
function chanceOfAtLeast(k: number, n: number): number {
  let chance = 0
  let term = 0.5 ** Math.min(n, 1000) // C(n, 0) / 2ⁿ
  for (let i = 0; i <= n; i++) {
    if (i >= k) chance += term
    term *= (n - i) / (i + 1)
  }
  return chance
}
