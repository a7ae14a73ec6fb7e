import type { PeopleBehind } from './doubt.ts'

export interface PeopleCompared {
  /** People whose references take part in impostor comparisons. */
  enrolled: number
  /** People who only probe: a cohort's, or virtual ones. */
  strangers: number
  /** Pairs of different people compared in at least one direction. */
  pairs: number
}

/** Two people's photographs compared crosswise say about one thing: whether these two are alike. */
export function peopleCompared({
  personOfProbe,
  personOfReference,
  impostorProbes,
  impostorReferences,
  probesOf,
}: Pick<
  PeopleBehind,
  'personOfProbe' | 'personOfReference' | 'impostorProbes' | 'impostorReferences' | 'probesOf'
>): PeopleCompared {
  const probes = 1
  const isReference = 2
  const seen = new Uint8Array(probesOf.length)
  for (const probe of impostorProbes) seen[personOfProbe[probe]!]! |= probes
  for (const reference of impostorReferences) seen[personOfReference[reference]!]! |= isReference
  const counts = [0, 0, 0, 0]
  for (const roles of seen) counts[roles]! += 1
  const [, strangers, silent, both] = counts as [number, number, number, number]
  return {
    enrolled: silent + both,
    strangers,
    pairs: (both * (both - 1)) / 2 + both * (strangers + silent) + strangers * silent,
  }
}
