import type { Comparisons } from '../../src-main/evaluation/comparisons.ts'
import { countDistances } from '../../src-main/evaluation/distance-counts.ts'
import { photographForm } from '../../src-main/evaluation/form.ts'
import { normal } from './gallery.ts'

const centre = 1.2
const deviation = 0.1

export interface StrangersPopulation {
  enrolled: number
  strangers: number
  photographs: number // of each stranger; one template of each enrolled person
  personShare: number // of a distance's variance, brought by each of the two
}

/**
 * Strangers against templates, with a known FMR *of these enrolled people*: what strangers they have not met will
 * make of them. `conditionalFmr` is that at a threshold.
 */
export function simulateStrangers(
  { enrolled, strangers, photographs, personShare }: StrangersPopulation,
  random: () => number,
): { compared: Comparisons; shifts: number[]; ownShare: number } {
  const rest = 1 - 2 * personShare
  const shifts = Array.from({ length: enrolled }, () => Math.sqrt(personShare) * normal(random))
  const list: { distance: number; probe: number; reference: number; stranger: number }[] = []
  for (let s = 0; s < strangers; s++) {
    const ofStranger = Math.sqrt(personShare) * normal(random)
    for (let e = 0; e < enrolled; e++) {
      const ofPair = Math.sqrt(0.3 * rest) * normal(random)
      for (let i = 0; i < photographs; i++) {
        const z = shifts[e]! + ofStranger + ofPair + Math.sqrt(0.7 * rest) * normal(random)
        list.push({
          distance: Math.max(0, centre + deviation * z),
          probe: s * photographs + i,
          reference: e,
          stranger: enrolled + s,
        })
      }
    }
  }
  list.sort((a, b) => a.distance - b.distance)
  const people = enrolled + strangers
  const probesOf = new Float64Array(people).fill(photographs, enrolled)
  const personOfProbe = Int32Array.from(
    { length: strangers * photographs },
    (_, probe) => enrolled + Math.floor(probe / photographs),
  )
  const empty = { end: 'far' as const, complete: true, distances: new Float64Array() }
  const none = { probes: new Uint32Array(), references: new Uint32Array() }
  const compared: Comparisons = {
    kind: 'comparisons',
    form: photographForm,
    people: enrolled,
    genuine: countDistances([0.5, 0.6], 'far'),
    impostor: countDistances(list.map(({ distance }) => distance)),
    behind: {
      impostorTail: {
        end: 'near',
        complete: true,
        distances: Float64Array.from(list, ({ distance }) => distance),
        probes: Uint32Array.from(list, ({ probe }) => probe),
        references: Uint32Array.from(list, ({ reference }) => reference),
        probePeople: Int32Array.from(list, ({ stranger }) => stranger),
        referencePeople: Int32Array.from(list, ({ reference }) => reference),
      },
      genuineTail: {
        ...empty,
        ...none,
        probePeople: new Int32Array(),
        referencePeople: new Int32Array(),
      },
      impostorComparisonsOf: Float64Array.from({ length: people }, (_, person) =>
        person < enrolled ? strangers * photographs : enrolled * photographs,
      ),
      genuineComparisonsOf: new Float64Array(people),
      probesOf,
      genuine: new Uint32Array(),
      personOfProbe,
      personOfReference: Int32Array.from({ length: enrolled }, (_, i) => i),
      impostorProbes: Uint32Array.from(personOfProbe.keys()),
      impostorReferences: Uint32Array.from({ length: enrolled }, (_, i) => i),
      impostorPairs: null,
      symmetric: false,
    },
  }
  return { compared, shifts, ownShare: personShare }
}

/** The share of endlessly many strangers that these enrolled people would be matched by. */
export function conditionalFmr(
  threshold: number,
  { shifts, ownShare }: { shifts: number[]; ownShare: number },
  cdf: (z: number) => number,
): number {
  const z = (threshold - centre) / deviation
  const spread = Math.sqrt(1 - ownShare)
  return shifts.reduce((sum, shift) => sum + cdf((z - shift) / spread), 0) / shifts.length
}
