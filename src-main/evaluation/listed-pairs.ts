import { checkComparisons } from './comparisons.ts'
import type { Comparisons } from './comparisons.ts'
import { countDistances } from './distance-counts.ts'
import { photographForm } from './form.ts'
import { PairTailCollector } from './pair-tail.ts'
import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'

/** Two photographs that a list compares, and whose they are; null where one of them holds no face. */
export interface ListedPair {
  first: number // photographs, numbered from 0
  second: number
  distance: number | null
}

/**
 * The comparisons of a list of pairs, with the people behind them: `people[i]` is whose photograph i is. Photographs of one
 * person make a genuine comparison, of two an impostor one. A genuine one without a face is a failure; an impostor
 * one is left out.
 */
export function listedComparisons(pairs: ListedPair[], people: ArrayLike<number>): Comparisons | Refused {
  const genuine: number[] = []
  const impostors: number[] = []
  const distances = { genuine: [] as number[], impostor: [] as number[] }
  const genuineTail = new PairTailCollector('far', Math.max(1, pairs.length))
  const impostorTail = new PairTailCollector('near', Math.max(1, pairs.length))
  for (const [i, { first, second, distance }] of pairs.entries()) {
    if (distance !== null && !(distance >= 0))
      return refused('not-a-number', `The distance of pair ${i + 1} is ${distance}, which is not a distance.`)
    if (people[first] === people[second]) {
      genuine.push(first, second)
      distances.genuine.push(distance ?? Infinity)
      genuineTail.add(distance ?? Infinity, first, second)
    } else if (distance !== null) {
      impostors.push(first, second)
      distances.impostor.push(distance)
      impostorTail.add(distance, first, second)
    }
  }
  const size = 1 + Array.from(people).reduce((most, person) => Math.max(most, person), -1)
  const counted = (photographs: number[]) => {
    const counts = new Float64Array(size)
    for (const photograph of photographs) counts[people[photograph]!]! += 1
    return counts
  }
  const listed = [...new Set([...genuine, ...impostors])]
  const personOf = Int32Array.from(people)
  return checkComparisons({
    kind: 'comparisons',
    form: photographForm,
    people: new Set(listed.map((photograph) => people[photograph])).size,
    genuine: countDistances(distances.genuine, 'far'),
    impostor: countDistances(distances.impostor, 'near'),
    behind: {
      impostorTail: impostorTail.finish(personOf, personOf),
      genuineTail: genuineTail.finish(personOf, personOf),
      impostorComparisonsOf: counted(impostors),
      genuineComparisonsOf: counted(genuine.filter((_, i) => i % 2 === 0)),
      probesOf: counted(listed),
      genuine: Uint32Array.from(genuine),
      personOfProbe: personOf,
      personOfReference: personOf,
      impostorProbes: Uint32Array.from(new Set(impostors)),
      impostorReferences: Uint32Array.from(new Set(impostors)),
      impostorPairs: Uint32Array.from(impostors),
      symmetric: true,
    },
  })
}
