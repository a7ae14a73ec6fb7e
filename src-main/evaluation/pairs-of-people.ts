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
  impostorPairs,
  probesOf,
}: Pick<
  PeopleBehind,
  | 'personOfProbe'
  | 'personOfReference'
  | 'impostorProbes'
  | 'impostorReferences'
  | 'impostorPairs'
  | 'probesOf'
>): PeopleCompared {
  if (impostorPairs) return listedPeople(impostorPairs, personOfProbe, personOfReference)
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

function listedPeople(
  pairs: Uint32Array,
  personOfProbe: Int32Array,
  personOfReference: Int32Array,
): PeopleCompared {
  const people = new Set<number>()
  const different = new Set<number>()
  for (let i = 0; i < pairs.length; i += 2) {
    const [a, b] = [personOfProbe[pairs[i]!]!, personOfReference[pairs[i + 1]!]!]
    people.add(a).add(b)
    different.add(Math.min(a, b) * 2 ** 26 + Math.max(a, b))
  }
  return { enrolled: people.size, strangers: 0, pairs: different.size }
}
