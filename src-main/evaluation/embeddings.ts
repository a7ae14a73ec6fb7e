import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'

/** Photographs as the embedder sees them, of one model version. */
export interface Embeddings {
  /** count × dimension, row by row, each row of unit length. A row of zeros where no face was found. */
  vectors: Float32Array
  dimension: number
  /** Whose photograph each row is; any numbers, equal where the person is the same. */
  people: ArrayLike<number>
}

const tolerance = 1e-3 // of a length of 1; single precision leaves 1e-6

/** Whether row `i` holds a face: its row is not all zeros. */
export function wasDetected({ vectors, dimension }: Embeddings, row: number): boolean {
  for (let k = row * dimension; k < (row + 1) * dimension; k++) if (vectors[k] !== 0) return true
  return false
}

/** Says in a sentence why these embeddings cannot be compared, or null. */
export function troubleWith(embeddings: Embeddings): Refused | null {
  const { vectors, dimension, people } = embeddings
  if (vectors.length !== dimension * people.length)
    return refused(
      'bad-list',
      `${people.length} photographs of ${dimension} numbers each make ${dimension * people.length} numbers, not ${vectors.length}.`,
    )
  for (let row = 0; row < people.length; row++) {
    let squares = 0
    for (let k = row * dimension; k < (row + 1) * dimension; k++) squares += vectors[k]! ** 2
    if (!Number.isFinite(squares))
      return refused(
        'not-a-number',
        `The embedding of photograph ${row + 1} holds a value that is not a number.`,
      )
    if (squares !== 0 && Math.abs(Math.sqrt(squares) - 1) > tolerance)
      return refused(
        'not-unit-length',
        `The embedding of photograph ${row + 1} has length ${Math.sqrt(squares).toPrecision(4)} instead of 1.`,
      )
  }
  return null
}

/** Fuses rows into one: their mean, brought back to unit length; zeros where none of them holds a face. */
export function fuseRows(embeddings: Embeddings, rows: ArrayLike<number>): Float32Array {
  const { vectors, dimension } = embeddings
  const mean = new Float64Array(dimension)
  for (let i = 0; i < rows.length; i++)
    for (let k = 0; k < dimension; k++) mean[k]! += vectors[rows[i]! * dimension + k]!
  const length = Math.hypot(...mean)
  return Float32Array.from(mean, (value) => (length > 0 ? value / length : 0))
}

/** Euclidean distance between row i of one and row j of another set. */
export function distanceBetween(
  a: Float32Array,
  i: number,
  b: Float32Array,
  j: number,
  dimension: number,
): number {
  let squares = 0
  for (let k = 0; k < dimension; k++) squares += (a[i * dimension + k]! - b[j * dimension + k]!) ** 2
  return Math.sqrt(squares)
}
