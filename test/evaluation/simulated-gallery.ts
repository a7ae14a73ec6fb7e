import type { Comparisons } from '../../src-main/evaluation/comparisons.ts'
import { countDistances } from '../../src-main/evaluation/distance-counts.ts'
import { photographForm } from '../../src-main/evaluation/form.ts'
import { probit } from '../../src-main/evaluation/normal.ts'
import { normal } from './gallery.ts'

export interface Population {
  people: number
  photographs: number // each
  /** Share of an impostor distance's variance that each of the two people brings: how much people differ. */
  personShare: number
}

const centre = 1.2
const deviation = 0.1
const places = 2 ** 22

/** The threshold at which exactly this share of impostor comparisons of the population matches. */
export function thresholdOf(fmr: number): number {
  return centre + deviation * probit(fmr)
}

/**
 * Impostor comparisons of one gallery: each distance is normal, made of both people, of the pair, of both photographs
 * and of chance, so that comparisons that share a person or a pair go together, and the true FMR is known.
 */
export function simulateGallery(
  { people, photographs, personShare }: Population,
  random: () => number,
): Comparisons {
  const rest = 1 - 2 * personShare
  const weights = {
    person: Math.sqrt(personShare),
    pair: Math.sqrt(0.2 * rest),
    photograph: Math.sqrt(0.05 * rest),
    chance: Math.sqrt(0.7 * rest),
  }
  const draws = (count: number, weight: number) =>
    Float64Array.from({ length: count }, () => weight * normal(random))
  const ofPerson = draws(people, weights.person)
  const ofPhotograph = draws(people * photographs, weights.photograph)
  // Typed arrays throughout: six thousand galleries are made.
  const pairs = ((people * (people - 1)) / 2) * photographs ** 2
  const keys = new Float64Array(pairs) // the distance to 1e-8, and behind it the place
  const [as, bs] = [new Uint32Array(pairs), new Uint32Array(pairs)]
  let n = 0
  for (let p = 0; p < people; p++)
    for (let q = p + 1; q < people; q++) {
      const ofPair = weights.pair * normal(random)
      for (let i = 0; i < photographs; i++)
        for (let j = 0; j < photographs; j++) {
          const [a, b] = [p * photographs + i, q * photographs + j]
          const z =
            ofPerson[p]! +
            ofPerson[q]! +
            ofPair +
            ofPhotograph[a]! +
            ofPhotograph[b]! +
            weights.chance * normal(random)
          const distance = Math.min(2, Math.max(0, centre + deviation * z))
          as[n] = a
          bs[n] = b
          keys[n] = Math.round(distance * 1e8) * places + n++
        }
    }
  keys.sort()
  const exact = keys.map((key) => Math.floor(key / places) / 1e8)
  const probes = Uint32Array.from(keys, (key) => as[key % places]!)
  const references = Uint32Array.from(keys, (key) => bs[key % places]!)
  const person = (photograph: number) => Math.floor(photograph / photographs)
  const rows = Uint32Array.from({ length: people * photographs }, (_, i) => i)
  return {
    kind: 'comparisons',
    form: photographForm,
    people,
    genuine: countDistances([0.5, 0.6], 'far'),
    impostor: {
      total: pairs,
      failures: 0,
      exactEnd: 'near',
      exact,
      limit: Infinity,
      cumulative: null,
      mean: centre,
      deviation,
    },
    behind: {
      impostorTail: {
        end: 'near',
        distances: exact,
        probes,
        references,
        probePeople: Int32Array.from(probes, person),
        referencePeople: Int32Array.from(references, person),
        complete: true,
      },
      genuineTail: {
        end: 'far',
        distances: new Float64Array(),
        probes: new Uint32Array(),
        references: new Uint32Array(),
        probePeople: new Int32Array(),
        referencePeople: new Int32Array(),
        complete: true,
      },
      impostorComparisonsOf: new Float64Array(people).fill((people - 1) * photographs ** 2),
      genuineComparisonsOf: new Float64Array(people),
      probesOf: new Float64Array(people).fill(photographs),
      genuine: new Uint32Array(),
      personOfProbe: Int32Array.from(rows, person),
      personOfReference: Int32Array.from(rows, person),
      impostorProbes: rows,
      impostorReferences: rows,
      impostorPairs: null,
      symmetric: true,
    },
  }
}
