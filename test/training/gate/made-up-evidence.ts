import { random } from '../../../src-main/learning/random.ts'
import type { GateEvidence } from '../../../src-main/training/gate/gate.ts'
import type { Distances, Paired } from '../../../src-main/training/gate/paired.ts'

/** Distances of made-up people: means and one deviation for each side. */
export interface Made {
  people?: number
  photographs?: number
  deviation?: number
  genuine: { before: number; after: number }
  impostor: { before: number; after: number }
  seed?: number
}

/** Normal distances, each side drawn on its own; equal means give the same numbers on both sides. */
export function paired({
  people = 20,
  photographs = 5,
  deviation = 0.08,
  seed = 1,
  genuine,
  impostor,
}: Made): Paired {
  const source = random(seed, 'gate')
  const list = (entries: [number, number][], mean: { before: number; after: number }): Distances => {
    const z = entries.map(() => source.normal())
    const noise = entries.map(() => (mean.before === mean.after ? 0 : 0.01 * source.normal()))
    return {
      people: Int32Array.from(entries, ([person]) => person),
      references: Int32Array.from(entries, ([, reference]) => reference),
      before: Float32Array.from(z, (value) => Math.max(0, mean.before + deviation * value)),
      after: Float32Array.from(z, (value, i) => Math.max(0, mean.after + deviation * value + noise[i]!)),
    }
  }
  const own: [number, number][] = []
  const others: [number, number][] = []
  for (let person = 0; person < people; person++)
    for (let i = 0; i < photographs; i++) {
      own.push([person, person])
      for (let other = 0; other < people; other++) if (other !== person) others.push([person, other])
    }
  return { genuine: list(own, genuine), impostor: list(others, impostor) }
}

export const healthy = { finite: true, norm: 1, effectiveRank: 30, activeTriplets: 0.2 }

/** Evidence in which nothing changed, unless it is said. */
export function evidence(changes: Partial<GateEvidence> = {}): GateEvidence {
  const same = paired({ genuine: { before: 0.4, after: 0.4 }, impostor: { before: 0.9, after: 0.9 } })
  return {
    wantedFmr: 1e-4,
    gallery: [same],
    strangers: [{ inWords: 'strangers', parts: [{ ...same, threshold: { before: 0.6, after: 0.6 } }] }],
    health: { before: healthy, after: healthy },
    parity: 1e-7,
    ...changes,
  }
}
