import { distanceBetween, fuseRows } from './embeddings.ts'
import type { Embeddings } from './embeddings.ts'
import type { Plan, Subject } from './plan.ts'

/** Who comes how near to whom, in the form of the plan: [claimed person][who presents themselves]. */
export interface ConfusionMatrix {
  /** Places in the plan's list of people: who is at the greatest risk first. */
  people: number[]
  /** The nearest that the column's probes come to the row's references; NaN on the diagonal, and where nothing was compared. */
  nearest: number[][]
}

/** `among` names the people to look at; their number is squared. */
export function confusionMatrix(plan: Plan, embeddings: Embeddings, among: number[]): ConfusionMatrix {
  const wanted = new Set(among)
  const subjects = (list: Subject[], places: Uint32Array) =>
    [...places]
      .map((place) => list[place]!)
      .filter(({ person }) => wanted.has(person))
      .map(({ person, photographs }) => ({ person, vector: fuseRows(embeddings, photographs) }))
      .filter(({ vector }) => vector.some((value) => value !== 0))
  const probes = subjects(plan.probes, plan.impostorProbes)
  const references = subjects(plan.references, plan.impostorReferences)
  const distances = new Map(among.map((person) => [person, new Map<number, number>()]))
  for (const reference of references)
    for (const probe of probes) {
      if (probe.person === reference.person) continue
      const apart = distanceBetween(probe.vector, 0, reference.vector, 0, embeddings.dimension)
      const row = distances.get(reference.person)!
      row.set(probe.person, Math.min(apart, row.get(probe.person) ?? Infinity))
    }
  const least = (person: number) => {
    const asClaimed = [...distances.get(person)!.values()]
    const asPresented = among.flatMap((other) => distances.get(other)!.get(person) ?? [])
    return Math.min(Infinity, ...asClaimed, ...asPresented)
  }
  const risk = new Map(among.map((person) => [person, least(person)]))
  const people = [...among].sort((a, b) => risk.get(a)! - risk.get(b)! || a - b)
  return {
    people,
    nearest: people.map((a) => people.map((b) => distances.get(a)!.get(b) ?? NaN)),
  }
}
