import { dPrimeOf, summaryOf } from './contrast.ts'
import type { DistanceSummary } from './contrast.ts'
import { DistanceCounter } from './distance-counts.ts'
import type { DistanceCounts } from './distance-counts.ts'
import { distanceBetween, troubleWith } from './embeddings.ts'
import type { Embeddings } from './embeddings.ts'
import type { Interval } from './binomial-bounds.ts'
import { lotOf, sweep } from './measure.ts'
import type { MeasureOptions } from './measure.ts'
import { studentQuantile } from './normal.ts'
import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'

/** What a photograph was taken under: equal values are the same condition; null is unknown and left out. */
export interface CaptureConditions {
  day: (string | null)[]
  camera: (string | null)[]
  light: (string | null)[]
}

const conditions = ['day', 'camera', 'light'] as const
type Kind = 'genuineSame' | 'genuineDifferent' | 'impostorSame' | 'impostorDifferent'

export interface ConditionCounts extends Record<Kind, DistanceCounts> {
  condition: keyof CaptureConditions
  /** Each different value, and how many photographs were taken under it. */
  values: { value: string; photographs: number }[]
  shift: ConditionShift | null
}

/** How much farther one person's photographs of different conditions are apart than those of the same. */
export interface ConditionShift {
  mean: number // over people, each counted once
  interval95: Interval // Student's t over people
  people: number // who have pairs of both kinds
}

/** Distances where a condition is the same and where it differs, as numbers to be shown; photograph × photograph. */
export interface ConditionContrast extends Record<Kind, DistanceSummary> {
  condition: keyof CaptureConditions
  values: ConditionCounts['values']
  /** How far genuine and impostor are apart, in their pooled deviation; NaN where there are too few of one. */
  dPrimeSame: number
  dPrimeDifferent: number
  shift: ConditionShift | null
}

/**
 * What makes a person unlike themselves: distances of photographs of the same day, camera or light, and of different ones.
 * A condition under which every photograph was taken, or none known, is left out: there is nothing to compare.
 */
export async function conditionContrasts(
  embeddings: Embeddings,
  taken: CaptureConditions,
  options: MeasureOptions = {},
): Promise<{ kind: 'conditions'; conditions: ConditionCounts[] } | Refused> {
  const trouble = troubleWith(embeddings)
  if (trouble) return trouble
  const lot = lotOf(embeddings)
  const { people } = lot
  const known = conditions
    .map((condition) => ({
      condition,
      ...coded(Array.from(lot.origin, (row) => taken[condition][row] ?? null)),
    }))
    .filter(({ values }) => values.length > 1)
    .map((each) => ({
      ...each,
      genuineSame: new DistanceCounter('far', 4096),
      genuineDifferent: new DistanceCounter('far', 4096),
      impostorSame: new DistanceCounter('near', 4096),
      impostorDifferent: new DistanceCounter('near', 4096),
      shifts: new Shifts(),
    }))
  if (known.length === 0) return { kind: 'conditions', conditions: [] }
  for (let i = 0; i < people.length; i++)
    for (let j = i + 1; people[j] === people[i]; j++) {
      const distance = distanceBetween(lot.vectors, i, lot.vectors, j, embeddings.dimension)
      for (const { codes, genuineSame, genuineDifferent, shifts } of known) {
        if (codes[i]! < 0 || codes[j]! < 0) continue
        const isSame = codes[i] === codes[j]
        ;(isSame ? genuineSame : genuineDifferent).add(distance)
        shifts.add(people[i]!, isSame, distance)
      }
    }
  // A stretch's products, sorted by condition: a counter takes a thousand at a time much faster than one by one.
  let [alike, unlike] = [new Float32Array(), new Float32Array()]
  const visit = (products: Float32Array, start: number, end: number, row: number, firstColumn: number) => {
    for (const { codes, impostorSame, impostorDifferent } of known) {
      const own = codes[row]!
      if (own < 0) continue
      let [same, different] = [0, 0]
      if (alike.length < end - start)
        [alike, unlike] = [products.slice(start, end), products.slice(start, end)]
      for (let i = start; i < end; i++) {
        const other = codes[firstColumn + i - start]!
        if (other === own) alike[same++] = products[i]!
        else if (other >= 0) unlike[different++] = products[i]!
      }
      impostorSame.addProducts(alike, 0, same)
      impostorDifferent.addProducts(unlike, 0, different)
    }
  }
  if ((await sweep(lot, lot, embeddings.dimension, true, options, visit)) === 'cancelled')
    return refused('cancelled', 'The measurement was cancelled.')
  const counted = known.map(({ condition, values, shifts, ...counters }) => ({
    condition,
    values,
    genuineSame: counters.genuineSame.finish(),
    genuineDifferent: counters.genuineDifferent.finish(),
    impostorSame: counters.impostorSame.finish(),
    impostorDifferent: counters.impostorDifferent.finish(),
    shift: shifts.finish(),
  }))
  return { kind: 'conditions', conditions: counted }
}

export function conditionContrastOf({
  condition,
  values,
  shift,
  ...counts
}: ConditionCounts): ConditionContrast {
  return {
    condition,
    values,
    genuineSame: summaryOf(counts.genuineSame),
    genuineDifferent: summaryOf(counts.genuineDifferent),
    impostorSame: summaryOf(counts.impostorSame),
    impostorDifferent: summaryOf(counts.impostorDifferent),
    dPrimeSame: dPrimeOf(counts.genuineSame, counts.impostorSame),
    dPrimeDifferent: dPrimeOf(counts.genuineDifferent, counts.impostorDifferent),
    shift,
  }
}

/** Each value's number, −1 where unknown; and the values, most photographs first. */
function coded(given: (string | null)[]): { codes: Int32Array; values: ConditionCounts['values'] } {
  const places = new Map<string, number>()
  const counts: number[] = []
  const codes = Int32Array.from(given, (value) => {
    if (value === null) return -1
    const place = places.get(value) ?? places.size
    places.set(value, place)
    counts[place] = (counts[place] ?? 0) + 1
    return place
  })
  const values = [...places].map(([value, place]) => ({ value, photographs: counts[place]! }))
  return { codes, values: values.sort((a, b) => b.photographs - a.photographs) }
}

/** Means of each person's genuine distances, of the same condition and of different ones. */
class Shifts {
  readonly #of = new Map<number, { same: [number, number]; different: [number, number] }>()

  add(person: number, isSame: boolean, distance: number): void {
    const own = this.#of.get(person) ?? { same: [0, 0], different: [0, 0] }
    const moments = isSame ? own.same : own.different
    moments[0]++
    moments[1] += distance
    this.#of.set(person, own)
  }

  /** Null for fewer than two people with pairs of both kinds: one says nothing of others. */
  finish(): ConditionShift | null {
    const shifts = [...this.#of.values()]
      .filter(({ same, different }) => same[0] > 0 && different[0] > 0)
      .map(({ same, different }) => different[1] / different[0] - same[1] / same[0])
    const people = shifts.length
    if (people < 2) return null
    const mean = shifts.reduce((sum, shift) => sum + shift, 0) / people
    const variance = shifts.reduce((sum, shift) => sum + (shift - mean) ** 2, 0) / (people - 1)
    const half = studentQuantile(0.975, people - 1) * Math.sqrt(variance / people)
    return { mean, interval95: { low: mean - half, high: mean + half }, people }
  }
}
