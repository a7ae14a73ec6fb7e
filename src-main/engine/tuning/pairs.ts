import type { ComparedPair, PairSide, PersonId } from '../../contract.ts'
import type { PairTail } from '../../evaluation/pair-tail.ts'
import type { NotSame } from '../../gallery/records.ts'
import type { Measured } from './measured.ts'

/** The pairs that a moving threshold gets wrong first, worst first, as photographs that can be looked at. */
export function tailPairs(
  measured: Measured,
  tail: 'alike-strangers' | 'unlike-photographs',
  limit: number,
  { people, photographs }: NotSame,
  person?: PersonId,
): ComparedPair[] {
  const { compared, plan } = measured
  const behind = compared.behind!
  const source: PairTail = tail === 'alike-strangers' ? behind.impostorTail : behind.genuineTail
  const markedPeople = keysOf(people)
  const markedPhotographs = keysOf(photographs)
  const pairs: ComparedPair[] = []
  for (let i = 0; i < source.distances.length && pairs.length < limit; i++) {
    const distance = source.distances[i]!
    if (distance === Infinity) continue // a comparison without a face: nothing to look at
    const probe = sideOf(measured, plan.probes[source.probes[i]!]!)
    const reference = sideOf(measured, plan.references[source.references[i]!]!)
    if (person !== undefined && probe.person !== person && reference.person !== person) continue
    const notSame =
      tail === 'alike-strangers'
        ? markedPeople.has(keyOf(probe.person, reference.person))
        : markedPhotographs.has(keyOf(probe.photograph, reference.photograph))
    pairs.push({ distance, probe, reference, notSame })
  }
  return pairs
}

/** The subject's first photograph stands for all that are fused in it. */
function sideOf(
  { gallery, strangers }: Measured,
  { person, photographs }: { person: number; photographs: number[] },
): PairSide {
  const row = photographs[0]!
  const enrolled = gallery.people[person]
  if (enrolled)
    return {
      person: enrolled.person,
      name: enrolled.name,
      photograph: gallery.photographs[row]!,
      stranger: null,
      photographs: photographs.length,
    }
  return {
    person: null,
    name: strangers!.names[person - gallery.people.length]!,
    photograph: null,
    stranger: strangers!.photographs?.[row - gallery.photographs.length] ?? null,
    photographs: photographs.length,
  }
}

function keysOf(pairs: [number, number][]): Set<string> {
  return new Set(pairs.map(([a, b]) => keyOf(a, b)))
}

function keyOf(a: number | null, b: number | null): string {
  return a === null || b === null ? '' : `${Math.min(a, b)} ${Math.max(a, b)}`
}
