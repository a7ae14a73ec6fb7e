/** Learning rate at a step counted from 0, in plain numbers. */
export type Schedule = (step: number) => number

/** The same at every step. */
export const constant =
  (learningRate: number): Schedule =>
  () =>
    learningRate

/** Half a cosine from `highest` at step 0 to `lowest` at step `steps` and after (Loshchilov and Hutter 2017, eq. 5). */
export const cosine = (highest: number, steps: number, lowest = 0): Schedule => {
  return (step) => lowest + ((highest - lowest) * (1 + Math.cos(Math.PI * Math.min(step / steps, 1)))) / 2
}

/** Multiplied by `factor` at each of the given steps. */
export const steps =
  (learningRate: number, at: readonly number[], factor = 0.1): Schedule =>
  (step) =>
    learningRate * factor ** at.filter((boundary) => step >= boundary).length

/** Rises linearly over the first steps (Goyal et al. 2017, section 2.2), then follows the schedule from its start. */
export const warmUp =
  (warmUpSteps: number, then: Schedule): Schedule =>
  (step) =>
    step < warmUpSteps ? (then(0) * (step + 1)) / warmUpSteps : then(step - warmUpSteps)

/**
 * Rates of stages as multiples of the last one's, each stage's that of the one above it divided by `ratio`:
 * discriminative fine-tuning (Howard and Ruder 2018, section 3.2, where 2.6 worked well). `stages` run from input to output.
 */
export function discriminativeRates(stages: readonly string[], ratio: number): Record<string, number> {
  return Object.fromEntries(stages.map((stage, i) => [stage, ratio ** (i + 1 - stages.length)]))
}
