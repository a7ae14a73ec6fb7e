import { checkComparisons } from './comparisons.ts'
import type { Comparisons } from './comparisons.ts'
import { DistanceCounter } from './distance-counts.ts'
import { distanceBetween, fuseRows, troubleWith } from './embeddings.ts'
import type { Embeddings } from './embeddings.ts'
import { multiplyHere } from './multiply.ts'
import type { Multiply } from './multiply.ts'
import type { Plan, Subject } from './plan.ts'
import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'

export interface MeasureOptions {
  multiply?: Multiply
  onProgress?: (done: number, total: number) => void // impostor comparisons, of all
  signal?: AbortSignal
  /** How many distances of each exact end are kept one by one. */
  exactDistances?: number
}

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
  const probes = fuseAll(embeddings, plan.probes)
  const references = plan.symmetric ? probes : fuseAll(embeddings, plan.references)

  const genuine = new DistanceCounter('far', options.exactDistances)
  for (let i = 0; i < plan.genuine.length; i += 2) {
    const [probe, reference] = [plan.genuine[i]!, plan.genuine[i + 1]!]
    if (probes.found[probe] && references.found[reference])
      genuine.add(distanceBetween(probes.vectors, probe, references.vectors, reference, dimension))
    else genuine.addFailure()
  }

  const impostor = new DistanceCounter('near', options.exactDistances)
  const rows = gathered(plan.probes, probes, plan.impostorProbes, dimension)
  const columns = plan.symmetric
    ? rows
    : gathered(plan.references, references, plan.impostorReferences, dimension)
  const swept = await sweep(rows, columns, dimension, plan.symmetric, options, (products, start, end) =>
    impostor.addProducts(products, start, end),
  )
  if (swept === 'cancelled') return refused('cancelled', 'The measurement was cancelled.')
  return checkComparisons({
    kind: 'comparisons',
    form: plan.form,
    people: plan.people,
    genuine: genuine.finish(),
    impostor: impostor.finish(),
  })
}

/** Vectors of people, ordered by person, so that one person's are neighbours and can be jumped over. */
export interface Lot {
  vectors: Float32Array
  people: Int32Array // ascending
  /** Which of the plan's subjects each row is. */
  origin: Uint32Array
}

/**
 * Walks over all products of rows and columns of different people, block by block: `visit` gets stretches
 * [start, end) of a block's products, with the row and the first column that they belong to.
 */
export async function sweep(
  rows: Lot,
  columns: Lot,
  dimension: number,
  symmetric: boolean,
  { multiply = multiplyHere, onProgress, signal }: MeasureOptions,
  visit: (products: Float32Array, start: number, end: number, row: number, firstColumn: number) => void,
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

interface Fused {
  vectors: Float32Array
  found: Uint8Array
}

function fuseAll(embeddings: Embeddings, subjects: Subject[]): Fused {
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

function gathered(subjects: Subject[], fused: Fused, wanted: Uint32Array, dimension: number): Lot {
  const origin = wanted
    .filter((i) => fused.found[i] === 1)
    .sort((a, b) => subjects[a]!.person - subjects[b]!.person || a - b)
  const vectors = new Float32Array(origin.length * dimension)
  for (const [place, i] of origin.entries())
    vectors.set(fused.vectors.subarray(i * dimension, (i + 1) * dimension), place * dimension)
  return { vectors, people: Int32Array.from(origin, (i) => subjects[i]!.person), origin }
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
