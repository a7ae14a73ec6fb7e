/** From a step on, which stages are trained. */
export interface Unfreezing {
  fromStep: number
  stages: readonly string[]
}

/**
 * Opens a network from its head downwards, one stage more every `stepsPerStage` steps: gradual unfreezing (Howard and
 * Ruder 2018, section 3.3). `stages` run from input to head.
 */
export function gradualUnfreezing(stages: readonly string[], stepsPerStage: number): Unfreezing[] {
  return stages.map((_, i) => ({ fromStep: i * stepsPerStage, stages: stages.slice(-1 - i) }))
}

/** The stages trained at a step. Throws when the plan does not begin at step 0. */
export function stagesAt(plan: readonly Unfreezing[], step: number): readonly string[] {
  const current = plan
    .filter(({ fromStep }) => fromStep <= step)
    .reduce<Unfreezing | null>(
      (latest, part) => (!latest || part.fromStep >= latest.fromStep ? part : latest),
      null,
    )
  if (!current) throw new Error(`no stage is trained at step ${step}`)
  return current.stages
}
