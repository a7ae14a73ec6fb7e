import { shrunk, spreadOf } from './score-normalisation.ts'
import type { CohortSpread } from './score-normalisation.ts'

export interface PersonalThreshold {
  threshold: number
  shift: number // from the global threshold; negative is stricter
  impostors: number // distances, or people, behind it
  reason: string
}

/** A shift smaller than this is none: it is below what a camera's noise and a few more strangers move a spread. */
export const leastShift = 0.005

/**
 * A threshold of one's own: the global one moved to where this person's strangers are, shrunk towards it where the
 * person has been compared with few. It keeps its z-score: t = μ_own + (t_global − μ) / σ · σ_own.
 */
export function personalThreshold(
  ownImpostors: ArrayLike<number>,
  everyone: CohortSpread,
  globalThreshold: number,
  prior = 50,
): PersonalThreshold {
  return personalThresholdOf(spreadOf(ownImpostors), everyone, globalThreshold, prior)
}

/**
 * The same where the spread of the person's impostor distances is known already. Its `size` is better given in other
 * people than in comparisons (`of` says which): ten photographs of one stranger are not ten strangers.
 */
export function personalThresholdOf(
  ownImpostors: CohortSpread,
  everyone: CohortSpread,
  globalThreshold: number,
  prior = 50,
  of = 'comparisons of their own',
): PersonalThreshold {
  const impostors = ownImpostors.size
  if (impostors < 2 || !(everyone.deviation > 0))
    return {
      threshold: globalThreshold,
      shift: 0,
      impostors,
      reason: 'Nobody to compare with yet: the threshold for everyone holds.',
    }
  const own = shrunk(ownImpostors, everyone, prior)
  const z = (globalThreshold - everyone.mean) / everyone.deviation
  const threshold = Math.max(0, own.mean + z * own.deviation)
  const shift = threshold - globalThreshold
  const mixed = `${Math.round((100 * impostors) / (impostors + prior))} % from ${impostors} ${of}`
  return {
    threshold,
    shift,
    impostors,
    reason:
      Math.abs(shift) < leastShift
        ? `As for everyone (${mixed}).`
        : shift < 0
          ? `Stricter by ${(-shift).toFixed(3)}: strangers come nearer to this person than to others (${mixed}).`
          : `Looser by ${shift.toFixed(3)}: strangers stay farther from this person than from others (${mixed}).`,
  }
}
