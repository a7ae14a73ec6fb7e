import type { Paired } from '../../gate/paired.ts'
import { applyToRows, type Head } from '../head/head.ts'
import type { TrainingSet } from '../people/training-set.ts'

/** The set's photographs under the model in use and under another. */
export interface Both {
  set: TrainingSet
  before: Float32Array
  after: Float32Array
}

/** Where the other is a head. */
export interface Mapped extends Both {
  head: Head
}

export function mapped(set: TrainingSet, head: Head): Mapped {
  return { set, head, before: set.vectors, after: applyToRows(set.vectors, set.dimension, head) }
}

/** All photographs of `people` (places) under both models, and whose each is. */
export function photographsUnderBoth({ set, before, after }: Both, people: readonly number[]) {
  const rows = people.flatMap((person) => [...set.training[person]!, ...set.heldOut[person]!])
  const pick = (vectors: Float32Array) => {
    const picked = new Float32Array(rows.length * set.dimension)
    for (const [i, row] of rows.entries())
      picked.set(vectors.subarray(row * set.dimension, (row + 1) * set.dimension), i * set.dimension)
    return picked
  }
  return {
    before: pick(before),
    after: pick(after),
    people: Int32Array.from(rows, (row) => set.owners[row]!),
  }
}

const mostImpostors = 400_000 // comparisons: enough for an FMR of 1e-4, in a second

/** Held-out photographs of `people` (places) against their templates; impostors are each other's held-out photographs. */
export function pairedAmong(of: Both, people: readonly number[]): Paired {
  const probes = people.flatMap((person) => of.set.heldOut[person]!.map((row) => ({ person, row })))
  return pairs(of, people, probes, {
    before: of.before,
    after: of.after,
    probes,
  })
}

/** The same genuine comparisons; impostors are strangers, who probe everybody's template. */
export function pairedWithStrangers(
  of: Both,
  people: readonly number[],
  strangers: { before: Float32Array; after: Float32Array; people: Int32Array },
): Paired {
  const own = people.flatMap((person) => of.set.heldOut[person]!.map((row) => ({ person, row })))
  const probes = Array.from(strangers.people, (person, row) => ({ person: -1 - person, row })) // nobody of the gallery
  return pairs(of, people, own, { before: strangers.before, after: strangers.after, probes })
}

/**
 * Strangers with several photographs among themselves, photograph × photograph: genuine and impostor comparisons. At
 * most `mostOfOne` photographs of a person, so that nobody's hundreds are everybody's rate.
 */
export function strangersAmong(
  { before, after, people }: { before: Float32Array; after: Float32Array; people: Int32Array },
  dimension: number,
): Paired {
  const seen = new Map<number, number[]>()
  for (const [row, person] of people.entries()) {
    const own = seen.get(person) ?? seen.set(person, []).get(person)!
    if (own.length < mostOfOne) own.push(row)
  }
  const rows = [...seen.values()].flat()
  const [genuine, impostor] = [collector(), collector()]
  const every = Math.max(1, Math.ceil((rows.length * (rows.length - 1)) / 2 / mostImpostors))
  let pair = 0
  for (const [place, a] of rows.entries())
    for (const b of rows.slice(0, place)) {
      const same = people[a] === people[b]
      if (!same && pair++ % every !== 0) continue
      ;(same ? genuine : impostor).add(
        people[a]!,
        people[b]!,
        apart(before, a, b, dimension),
        apart(after, a, b, dimension),
      )
    }
  return { genuine: genuine.finish(), impostor: impostor.finish() }
}

const mostOfOne = 5

interface Probe {
  person: number
  row: number
}

function pairs(
  { set, before, after }: Both,
  people: readonly number[],
  own: readonly Probe[],
  impostors: { before: Float32Array; after: Float32Array; probes: readonly Probe[] },
): Paired {
  const enrolled = people.filter((person) => set.training[person]!.length > 0)
  const templates = enrolled.map((person) => ({
    person,
    before: meanOf(before, set.dimension, set.training[person]!),
    after: meanOf(after, set.dimension, set.training[person]!),
  }))
  const place = new Map(enrolled.map((person, i) => [person, templates[i]!]))
  const genuine = collector()
  for (const { person, row } of own) {
    const template = place.get(person)
    if (template)
      genuine.add(person, person, between(before, row, template.before), between(after, row, template.after))
  }
  const impostor = collector()
  const total = impostors.probes.length * templates.length
  const every = Math.max(1, Math.ceil(total / mostImpostors))
  for (const [i, { person, row }] of impostors.probes.entries()) {
    if (i % every !== 0) continue
    for (const template of templates)
      if (template.person !== person)
        impostor.add(
          person,
          template.person,
          between(impostors.before, row, template.before),
          between(impostors.after, row, template.after),
        )
  }
  return { genuine: genuine.finish(), impostor: impostor.finish() }
}

function collector() {
  const [people, references, before, after]: number[][] = [[], [], [], []]
  return {
    add(person: number, reference: number, earlier: number, later: number) {
      people!.push(person)
      references!.push(reference)
      before!.push(earlier)
      after!.push(later)
    },
    finish: () => ({
      people: Int32Array.from(people!),
      references: Int32Array.from(references!),
      before: Float32Array.from(before!),
      after: Float32Array.from(after!),
    }),
  }
}

function between(vectors: Float32Array, row: number, template: Float32Array): number {
  let squares = 0
  for (let k = 0, at = row * template.length; k < template.length; k++)
    squares += (vectors[at++]! - template[k]!) ** 2
  return Math.sqrt(squares)
}

function apart(vectors: Float32Array, a: number, b: number, dimension: number): number {
  return between(vectors, a, vectors.subarray(b * dimension, (b + 1) * dimension))
}

/** A template: the unit-length mean of rows. */
export function meanOf(vectors: Float32Array, dimension: number, rows: readonly number[]): Float32Array {
  const sum = new Float64Array(dimension)
  for (const row of rows) for (let k = 0; k < dimension; k++) sum[k]! += vectors[row * dimension + k]!
  const length = Math.hypot(...sum)
  return Float32Array.from(sum, (value) => value / length)
}
