import type { Health } from '../../gate/health-line.ts'
import { identityHead, mappedBy, type Head } from '../head/head.ts'

/** Health of the embeddings under a head (null: as they are). */
export function healthOf(
  vectors: Float32Array,
  dimension: number,
  head: Head | null,
  activeTriplets: number | null,
): Health {
  const count = vectors.length / dimension
  const every = Math.max(1, Math.ceil(count / mostRows))
  const rows: Float64Array[] = []
  let norms = 0
  for (let row = 0; row < count; row += every) {
    const embedding = vectors.subarray(row * dimension, (row + 1) * dimension)
    const mapped = head ? mappedBy(embedding, head) : Float64Array.from(embedding)
    const norm = Math.hypot(...mapped)
    norms += norm
    rows.push(mapped.map((value) => value / norm))
  }
  const norm = norms / rows.length
  const finite = Number.isFinite(norm) && rows.every((row) => row.every(Number.isFinite))
  return { finite, norm, effectiveRank: finite ? participationRatio(rows) : 0, activeTriplets }
}

/** How far a head lies from another, by default the one that changes nothing, in lengths of that one (Frobenius). */
export function distanceMoved(head: Head, from: Head = identityHead(Math.sqrt(head.length))): number {
  let [squares, length] = [0, 0]
  for (const [i, value] of head.entries()) {
    squares += (value - from[i]!) ** 2
    length += from[i]! ** 2
  }
  return Math.sqrt(squares / length)
}

const mostRows = 1000

/** (tr C)² / ‖C‖²: no eigenvalue is needed. */
function participationRatio(rows: readonly Float64Array[]): number {
  const dimension = rows[0]!.length
  const mean = new Float64Array(dimension)
  for (const row of rows) for (let k = 0; k < dimension; k++) mean[k]! += row[k]! / rows.length
  const centred = rows.map((row) => row.map((value, k) => value - mean[k]!))
  const covariance = new Float64Array(dimension * dimension)
  for (const row of centred)
    for (let i = 0; i < dimension; i++)
      for (let k = 0; k < dimension; k++) covariance[i * dimension + k]! += row[i]! * row[k]!
  let [trace, squares] = [0, 0]
  for (let i = 0; i < dimension; i++) trace += covariance[i * dimension + i]!
  for (const value of covariance) squares += value * value
  return squares > 0 ? trace ** 2 / squares : 0
}
