import { checkComparisons } from './comparisons.ts'
import type { Comparisons } from './comparisons.ts'
import { DistanceCounter } from './distance-counts.ts'
import type { PeopleBehind } from './doubt.ts'
import { distanceBetween, fuseRows, troubleWith, wasDetected } from './embeddings.ts'
import type { Embeddings } from './embeddings.ts'
import { multiplyHere } from './multiply.ts'
import type { Multiply } from './multiply.ts'
import { PairTailCollector } from './pair-tail.ts'
import type { PeopleSpreads } from './people-spreads.ts'
import type { Plan, Subject } from './plan.ts'
import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'

export interface MeasureOptions {
  multiply?: Multiply
  onProgress?: (done: number, total: number) => void // impostor comparisons, of all
  signal?: AbortSignal
  /** How many distances of each exact end are kept one by one. */
  exactDistances?: number
  /** How many of the worst comparisons of each kind are kept with the people in them. */
  tailPairs?: number
  /** Filled in the same sweep. */
  byPerson?: PeopleSpreads
  /** What stands in a distance's place, 0–2, by the plan's places of probe and reference. */
  rescore?: (distance: number, probe: number, reference: number) => number
}

const tailLength = 65_536 // 1 MB; the bound looks at four times the chosen errors

const blockRows = 1024 // 4 MB of products at a time: in the cache's reach, and few enough calls

/**
 * Carries a plan out. A genuine comparison whose probe or reference has no face (or no template could be made) is a
 * failure; among impostors it is left out.
 */
export async function measure(
  plan: Plan,
  embeddings: Embeddings,
  options: MeasureOptions = {},
): Promise<Comparisons | Refused> {
  const trouble = troubleWith(embeddings)
  if (trouble) return trouble
  const { dimension } = embeddings
  const { rescore } = options
  const probePeople = plan.probes.map((probe) => probe.person)
  const referencePeople = plan.references.map((reference) => reference.person)
  const probes = fuseAll(embeddings, plan.probes)
  const references = plan.symmetric ? probes : fuseAll(embeddings, plan.references)

  const genuine = new DistanceCounter('far', options.exactDistances)
  const genuineTail = new PairTailCollector('far', options.tailPairs ?? tailLength)
  for (let i = 0; i < plan.genuine.length; i += 2) {
    const [probe, reference] = [plan.genuine[i]!, plan.genuine[i + 1]!]
    const plain =
      probes.found[probe] && references.found[reference]
        ? distanceBetween(probes.vectors, probe, references.vectors, reference, dimension)
        : Infinity
    const distance = plain < Infinity && rescore ? rescore(plain, probe, reference) : plain
    if (distance < Infinity) {
      genuine.add(distance)
      options.byPerson?.addGenuine(probePeople[probe]!, distance)
    } else genuine.addFailure()
    genuineTail.add(distance, probe, reference)
  }

  const impostor = new DistanceCounter('near', options.exactDistances)
  const impostorTail = new PairTailCollector('near', options.tailPairs ?? tailLength)
  const rows = gathered(plan.probes, probes, plan.impostorProbes, dimension)
  const columns = plan.symmetric
    ? rows
    : gathered(plan.references, references, plan.impostorReferences, dimension)
  const visit: Visit = (products, start, end, row, firstColumn) => {
    if (rescore)
      for (let i = start; i < end; i++) {
        const reference = columns.origin[firstColumn + i - start]!
        const plain = Math.sqrt(Math.max(0, 2 - 2 * products[i]!))
        products[i] = 1 - rescore(plain, rows.origin[row]!, reference) ** 2 / 2
      }
    impostor.addProducts(products, start, end)
    impostorTail.addProducts(products, start, end, rows.origin[row]!, firstColumn, columns.origin)
    const probe = rows.people[row]!
    options.byPerson?.addProducts(products, start, end, probe, columns.people, firstColumn, plan.symmetric)
  }
  const swept = await sweep(rows, columns, dimension, plan.symmetric, options, visit)
  if (swept === 'cancelled') return refused('cancelled', 'The measurement was cancelled.')
  return checkComparisons({
    kind: 'comparisons',
    form: plan.form,
    people: plan.people,
    genuine: genuine.finish(),
    impostor: impostor.finish(),
    behind: {
      impostorTail: impostorTail.finish(probePeople, referencePeople),
      genuineTail: genuineTail.finish(probePeople, referencePeople),
      ...countsOfPeople(plan, rows, columns),
      genuine: plan.genuine,
      personOfProbe: Int32Array.from(probePeople),
      personOfReference: Int32Array.from(referencePeople),
      impostorProbes: rows.origin,
      impostorReferences: columns.origin,
      impostorPairs: null,
      symmetric: plan.symmetric,
    },
  })
}

/** How many comparisons each person is in. */
function countsOfPeople(
  plan: Plan,
  rows: Lot,
  columns: Lot,
): Pick<PeopleBehind, 'impostorComparisonsOf' | 'genuineComparisonsOf' | 'probesOf'> {
  const size =
    1 + [...plan.probes, ...plan.references].reduce((most, { person }) => Math.max(most, person), -1)
  const count = (people: Iterable<number>) => {
    const counts = new Float64Array(size)
    for (const person of people) counts[person]! += 1
    return counts
  }
  const [rowsOf, columnsOf] = [count(rows.people), count(columns.people)]
  const [allRows, allColumns] = [rows.people.length, columns.people.length]
  return {
    impostorComparisonsOf: rowsOf.map((own, person) =>
      plan.symmetric
        ? own * (allRows - own)
        : own * (allColumns - columnsOf[person]!) + columnsOf[person]! * (allRows - own),
    ),
    genuineComparisonsOf: count(
      plan.genuine.filter((_, i) => i % 2 === 0).map((probe) => plan.probes[probe]!.person),
    ),
    probesOf: count(plan.probes.map((probe) => probe.person)),
  }
}

/** Vectors of people, ordered by person, so that one person's are neighbours and can be jumped over. */
export interface Lot {
  vectors: Float32Array
  people: Int32Array // ascending
  /** Which of the plan's subjects each row is. */
  origin: Uint32Array
}

/** Products [start, end) of `row` with the columns from `firstColumn` on. */
export type Visit = (
  products: Float32Array,
  start: number,
  end: number,
  row: number,
  firstColumn: number,
) => void

/**
 * Walks over all products of rows and columns of different people, block by block: `visit` gets the
 * stretches of each.
 */
export async function sweep(
  rows: Lot,
  columns: Lot,
  dimension: number,
  symmetric: boolean,
  { multiply = multiplyHere, onProgress, signal }: MeasureOptions,
  visit: Visit,
): Promise<'done' | 'cancelled'> {
  const [m, n] = [rows.people.length, columns.people.length]
  const total = symmetric ? (m * n) / 2 : m * n
  let done = 0
  for (let top = 0; top < m; top += blockRows) {
    const height = Math.min(blockRows, m - top)
    const upper = rows.vectors.subarray(top * dimension, (top + height) * dimension)
    for (let left = symmetric ? top : 0; left < n; left += blockRows) {
      if (signal?.aborted) return 'cancelled'
      const width = Math.min(blockRows, n - left)
      const lower = columns.vectors.subarray(left * dimension, (left + width) * dimension)
      const products = await multiply(upper, height, lower, width, dimension)
      for (let i = 0; i < height; i++) {
        const person = rows.people[top + i]!
        const at = i * width - left // so that at + column is the product's place
        // The person's own columns are one stretch [own, after); in a symmetric sweep only what follows is new.
        const own = clamp(firstNotBelow(columns.people, person), left, left + width)
        const after = clamp(firstNotBelow(columns.people, person + 1), left, left + width)
        if (!symmetric && own > left) visit(products, at + left, at + own, top + i, left)
        if (after < left + width) visit(products, at + after, at + left + width, top + i, after)
      }
      done += symmetric && left === top ? (height * width) / 2 : height * width
      onProgress?.(done, total)
    }
  }
  return 'done'
}

export interface Fused {
  vectors: Float32Array
  found: Uint8Array
}

/** The vector of each subject, and whether it has one. */
export function fuseAll(embeddings: Embeddings, subjects: Subject[]): Fused {
  const { dimension } = embeddings
  const vectors = new Float32Array(subjects.length * dimension)
  const found = new Uint8Array(subjects.length)
  for (const [i, { photographs }] of subjects.entries()) {
    const row = photographs[0]! * dimension
    const fused =
      photographs.length === 1
        ? embeddings.vectors.subarray(row, row + dimension)
        : fuseRows(embeddings, photographs)
    vectors.set(fused, i * dimension)
    found[i] = fused.some((value) => value !== 0) ? 1 : 0
  }
  return { vectors, found }
}

/** Those that are wanted and have a face, ordered by person. */
export function gathered(subjects: Subject[], fused: Fused, wanted: Uint32Array, dimension: number): Lot {
  const origin = wanted
    .filter((i) => fused.found[i] === 1)
    .sort((a, b) => subjects[a]!.person - subjects[b]!.person || a - b)
  const vectors = new Float32Array(origin.length * dimension)
  for (const [place, i] of origin.entries())
    vectors.set(fused.vectors.subarray(i * dimension, (i + 1) * dimension), place * dimension)
  return { vectors, people: Int32Array.from(origin, (i) => subjects[i]!.person), origin }
}

/** All photographs with a face, ordered by person. */
export function lotOf(embeddings: Embeddings): Lot {
  const { vectors, dimension, people } = embeddings
  const origin = Uint32Array.from({ length: people.length }, (_, row) => row)
    .filter((row) => wasDetected(embeddings, row))
    .sort((a, b) => people[a]! - people[b]! || a - b)
  const gatheredVectors = new Float32Array(origin.length * dimension)
  for (const [place, row] of origin.entries())
    gatheredVectors.set(vectors.subarray(row * dimension, (row + 1) * dimension), place * dimension)
  return { vectors: gatheredVectors, people: Int32Array.from(origin, (row) => people[row]!), origin }
}

function firstNotBelow(ascending: Int32Array, value: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ascending[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value))
}
