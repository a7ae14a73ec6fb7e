import type { Paired } from '../gate/paired.ts'

/**
 * The threshold under a new model that lets as many of the same impostors through as `threshold` does under the old one.
 * Where hardly any pass, the two models' distances at the tenth nearest say how far the scale moved.
 */
export function equalThreshold({ impostor }: Pick<Paired, 'impostor'>, threshold: number): number {
  const [before, after] = [impostor.before.toSorted(), impostor.after.toSorted()]
  if (before.length === 0) return threshold
  const passing = before.findIndex((distance) => distance > threshold)
  const rank = Math.min(
    before.length - 1,
    Math.max(fewestPassing, passing === -1 ? before.length : passing) - 1,
  )
  return before[rank]! > 0 ? Math.min(2, (threshold * after[rank]!) / before[rank]!) : threshold
}

const fewestPassing = 10
