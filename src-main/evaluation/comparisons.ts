import { countDistances } from './distance-counts.ts'
import type { DistanceCounts } from './distance-counts.ts'
import { photographForm } from './form.ts'
import type { PeopleBehind } from './doubt.ts'
import type { Form } from './form.ts'
import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'

/** What every error rate is computed from: the distances of one form of comparison, and how many people gave them. */
export interface Comparisons {
  kind: 'comparisons'
  form: Form
  /** People whose photographs were compared: the number that doubt is counted in. */
  people: number
  genuine: DistanceCounts
  impostor: DistanceCounts
  /** Null where only distances are known and not whose they are. */
  behind: PeopleBehind | null
}

/**
 * Distances, checked: the door of this folder. +Infinity stands for a comparison that could not be made, as when no
 * face was found: a failure among genuine ones, left out among impostors.
 */
export function comparisons(
  genuine: ArrayLike<number>,
  impostor: ArrayLike<number>,
  { form = photographForm, people = 0 }: { form?: Form; people?: number } = {},
): Comparisons | Refused {
  for (const [name, distances] of [
    ['genuine', genuine],
    ['impostor', impostor],
  ] as const) {
    for (let i = 0; i < distances.length; i++) {
      const distance = distances[i]!
      if (!(distance >= 0))
        return refused(
          'not-a-number',
          `The ${name} distance number ${i + 1} is ${distance}, which is not a distance.`,
        )
    }
  }
  return checkComparisons({
    kind: 'comparisons',
    form,
    people,
    genuine: countDistances(genuine, 'far'),
    impostor: countDistances(
      Float64Array.from(impostor).filter((distance) => distance !== Infinity),
      'near',
    ),
    behind: null,
  })
}

/** Refuses, in a sentence, comparisons from which no error rate can be computed. */
export function checkComparisons(compared: Comparisons): Comparisons | Refused {
  const { genuine, impostor } = compared
  if (impostor.total === 0)
    return refused(
      'no-impostor',
      'There is no pair of different people, so nothing is known about false matches. Enrol a second person or import a cohort.',
    )
  if (genuine.total === 0)
    return refused(
      'no-genuine',
      'There is no second photograph of anyone, so nothing is known about false non-matches. Add photographs to a person.',
    )
  const nearest = [lowest(genuine), lowest(impostor)].filter(Number.isFinite)
  const farthest = [highest(genuine), highest(impostor)].filter(Number.isFinite)
  const found = genuine.total - genuine.failures
  if (found > 0 && Math.min(...nearest) === Math.max(...farthest))
    return refused(
      'all-equal',
      `All ${found + impostor.total} distances are equal (${nearest[0]}): this embedder tells nobody apart, no threshold can be chosen.`,
    )
  return compared
}

function lowest(counts: DistanceCounts): number {
  if (!counts.cumulative || counts.exactEnd === 'near') return counts.exact[0] ?? NaN
  return counts.cumulative.findIndex((count) => count > 0) // only told from `highest` for all-equal distances
}

function highest(counts: DistanceCounts): number {
  if (!counts.cumulative || counts.exactEnd === 'far') return counts.exact.at(-1) ?? NaN
  return counts.cumulative.length
}
