import { shrunk, spreadOf } from './score-normalisation.ts'
import type { CohortSpread } from './score-normalisation.ts'

export interface PersonalThreshold {
  threshold: number
  shift: number // from the global threshold; negative is stricter
  impostors: number // distances behind it
  reason: string
}

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
  const impostors = ownImpostors.length
  if (impostors < 2 || !(everyone.deviation > 0))
    return {
      threshold: globalThreshold,
      shift: 0,
      impostors,
      reason: 'Nobody to compare with yet: the threshold for everyone holds.',
    }
  const own = shrunk(spreadOf(ownImpostors), everyone, prior)
  const z = (globalThreshold - everyone.mean) / everyone.deviation
  const threshold = Math.max(0, own.mean + z * own.deviation)
  const shift = threshold - globalThreshold
  const mixed = `${Math.round((100 * impostors) / (impostors + prior))} % from ${impostors} comparisons of their own`
  return {
    threshold,
    shift,
    impostors,
    reason:
      Math.abs(shift) < 0.005
        ? `As for everyone (${mixed}).`
        : shift < 0
          ? `Stricter by ${(-shift).toFixed(3)}: strangers come nearer to this person than to others (${mixed}).`
          : `Looser by ${shift.toFixed(3)}: strangers stay farther from this person than from others (${mixed}).`,
  }
}
