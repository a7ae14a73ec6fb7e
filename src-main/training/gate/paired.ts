import { comparisons } from '../../evaluation/comparisons.ts'
import type { Comparisons } from '../../evaluation/comparisons.ts'
import { thresholdAtCount } from '../../evaluation/error-rates.ts'
import { ruleOfThree } from '../../evaluation/binomial-bounds.ts'

/** The same comparisons under two models: entry i of `before` and of `after` is the same pair of photographs. */
export interface Distances {
  /** Whose error it would be: the claimed person of a genuine comparison, the stranger of an impostor one. */
  people: Int32Array
  /** Whose template it was compared with. */
  references: Int32Array
  before: Float32Array // Euclidean, unit-length embeddings
  after: Float32Array
}

/** One measurement by one pair of models. People-disjoint folds give several, each with a model of its own. */
export interface Paired {
  genuine: Distances
  impostor: Distances
}

/** Thresholds that let the same share of impostors through under both models, and what they cost. */
export interface EqualRate {
  fmr: number
  before: number // threshold
  after: number
}

/**
 * The lowest FMR that these impostors support, the wanted one where they do: no less than the rule of three over pairs
 * of people, because photographs of one pair are not independent.
 */
export function supportedRate({ impostor }: Paired, wantedFmr: number): number {
  const pairs = new Set<number>()
  for (let i = 0; i < impostor.people.length; i++)
    pairs.add(impostor.people[i]! * 2 ** 26 + impostor.references[i]!)
  return Math.max(wantedFmr, ruleOfThree(Math.max(1, pairs.size)))
}

/** The two thresholds at which `fmr` of the impostors pass. */
export function atEqualRate(paired: Paired, fmr: number): EqualRate {
  const allowed = Math.floor(fmr * paired.impostor.before.length + 1e-9)
  const threshold = (side: 'before' | 'after') => thresholdAtCount(compared(paired, side).impostor, allowed)
  return { fmr, before: threshold('before'), after: threshold('after') }
}

/** One side as `evaluation` takes it. Throws where there is nothing to compare: whoever pairs, pairs something. */
export function compared({ genuine, impostor }: Paired, side: 'before' | 'after'): Comparisons {
  const found = comparisons(genuine[side], impostor[side])
  if (found.kind === 'refused') throw new Error(found.message)
  return found
}

/** How often each person errs before and after. */
export type ErrorsByPerson = Map<number, { comparisons: number; before: number; after: number }>

/** Adds up, over the parts, whose comparisons go wrong. */
export function errorsByPerson(
  parts: readonly { distances: Distances; wrong: (side: 'before' | 'after', distance: number) => boolean }[],
): ErrorsByPerson {
  const errors: ErrorsByPerson = new Map()
  for (const { distances, wrong } of parts)
    for (let i = 0; i < distances.people.length; i++) {
      const person = distances.people[i]!
      const own = errors.get(person) ?? { comparisons: 0, before: 0, after: 0 }
      own.comparisons++
      if (wrong('before', distances.before[i]!)) own.before++
      if (wrong('after', distances.after[i]!)) own.after++
      errors.set(person, own)
    }
  return errors
}

/** All errors together. */
export function totals(errors: ErrorsByPerson): { comparisons: number; before: number; after: number } {
  const total = { comparisons: 0, before: 0, after: 0 }
  for (const { comparisons, before, after } of errors.values()) {
    total.comparisons += comparisons
    total.before += before
    total.after += after
  }
  return total
}
