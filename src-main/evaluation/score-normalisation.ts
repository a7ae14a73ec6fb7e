/** Mean and deviation of the distances to a cohort of other people. */
export interface CohortSpread {
  mean: number
  deviation: number
  size: number
}

export function spreadOf(distances: ArrayLike<number>): CohortSpread {
  const size = distances.length
  let sum = 0
  for (let i = 0; i < size; i++) sum += distances[i]!
  const mean = sum / size
  let squares = 0
  for (let i = 0; i < size; i++) squares += (distances[i]! - mean) ** 2
  return { mean, deviation: size > 1 ? Math.sqrt(squares / (size - 1)) : NaN, size }
}

/** Z-norm: the distance in deviations of what the *template* is from strangers. Lower is more alike. */
export function zNorm(distance: number, templateToCohort: CohortSpread): number {
  return (distance - templateToCohort.mean) / templateToCohort.deviation
}

/** T-norm: the same against what the *probe* is from the cohort's templates (Auckenthaler et al. 2000). */
export function tNorm(distance: number, probeToCohort: CohortSpread): number {
  return (distance - probeToCohort.mean) / probeToCohort.deviation
}

/** S-norm: the mean of both, symmetric in probe and template (Kenny 2010). */
export function sNorm(distance: number, templateToCohort: CohortSpread, probeToCohort: CohortSpread): number {
  return (zNorm(distance, templateToCohort) + tNorm(distance, probeToCohort)) / 2
}

/**
 * The spread of a template with few cohort distances, drawn towards everyone's: `prior` distances' worth of the
 * global spread are mixed in. Variances mix as those of two pooled samples do.
 */
export function shrunk(own: CohortSpread, everyone: CohortSpread, prior = 50): CohortSpread {
  const total = own.size + prior
  const mean = (own.size * own.mean + prior * everyone.mean) / total
  const ownVariance = Number.isNaN(own.deviation) ? everyone.deviation ** 2 : own.deviation ** 2
  const variance = (own.size * ownVariance + prior * everyone.deviation ** 2) / total
  return { mean, deviation: Math.sqrt(variance), size: own.size }
}
