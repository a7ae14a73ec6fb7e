import type { Distances, Paired } from '../../gate/paired.ts'
import type { StrangersPart } from '../../gate/strangers-line.ts'
import { ascending, equalThreshold } from './equal-threshold.ts'

/**
 * Where nobody but the strangers who judge can say which threshold the other model will be used with: they are parted in
 * two by person, and each half is judged at the threshold that the other half gives. A threshold judged by the very
 * distances it was chosen from always looks right. None where there is one stranger or nobody.
 */
export function crossFitted({ genuine, impostor }: Paired, threshold: number): StrangersPart[] {
  const people = [...new Set(impostor.people)].sort((a, b) => b - a) // strangers are numbered −1 − place
  if (people.length < 2) return []
  const isFirst = new Set(people.filter((_, i) => i % 2 === 0))
  const halves = [true, false].map((first) => ofPeople(impostor, (person) => isFirst.has(person) === first))
  return halves.map((half, i) => ({
    genuine,
    impostor: half,
    threshold: { before: threshold, after: equalThreshold(ascending(halves[1 - i]!), threshold) },
  }))
}

function ofPeople({ people, references, before, after }: Distances, isIn: (person: number) => boolean) {
  const wanted = (_: number, i: number) => isIn(people[i]!)
  return {
    people: people.filter(wanted),
    references: references.filter(wanted),
    before: before.filter(wanted),
    after: after.filter(wanted),
  }
}
