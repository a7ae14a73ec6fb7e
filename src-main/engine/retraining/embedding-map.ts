import type { EmbeddingMap, Refusal } from '../../contract.ts'
import { eigenSymmetric } from '../../evaluation/symmetric-eigen.ts'
import { random } from '../../learning/random.ts'
import type { Job } from '../jobs.ts'
import { readPretrainedHead } from '../model-in-use.ts'
import type { Parts } from '../parts.ts'
import { refused } from '../refusal.ts'
import { embeddingsUnder, readOnce, type ReadLastLayer } from './embeddings-under.ts'

const mostPoints = 3000

/** The gallery in the plane under two models, each by its own two principal components. Refuses as `embeddingsUnder` does, and with 'too-few'. */
export async function embeddingMap(
  parts: Parts,
  before: string,
  after: string,
  job: Pick<Job, 'signal' | 'progress'>,
  lastLayer: ReadLastLayer = readOnce(readPretrainedHead),
): Promise<EmbeddingMap | Refusal> {
  const seenBefore = await embeddingsUnder(parts, before, job, lastLayer)
  if (seenBefore.kind === 'refused') return seenBefore
  const seenAfter = await embeddingsUnder(parts, after, job, lastLayer)
  if (seenAfter.kind === 'refused') return seenAfter
  const photographs = parts.gallery
    .people()
    .flatMap(({ person, name }) =>
      parts.gallery.photographs(person).map(({ photograph }) => ({ photograph, person, name })),
    )
    .filter(({ photograph }) => seenBefore.people.has(photograph) && seenAfter.people.has(photograph))
  if (photographs.length < 3)
    return refused('too-few', 'A map takes three photographs that both models can read.')
  const vectorsUnder = (people: ReadonlyMap<number, Float32Array>) =>
    photographs.map(({ photograph }) => people.get(photograph)!)
  const planes = {
    before: principalPlane(vectorsUnder(seenBefore.people)),
    after: principalPlane(vectorsUnder(seenAfter.people)),
  }
  const turned = towards(planes.before.points, planes.after.points)
  const every = Math.ceil(photographs.length / mostPoints)
  return {
    kind: 'map',
    before: { version: before, explained: planes.before.explained },
    after: { version: after, explained: planes.after.explained },
    points: photographs
      .map((each, i) => ({ ...each, before: planes.before.points[i]!, after: turned[i]! }))
      .filter((_, i) => i % every === 0),
  }
}

/**
 * Rows projected on the two directions in which they vary most, in the units of the embedding, and the share of their
 * variance that is. The sign of a direction is chosen so that its largest component is positive.
 */
export function principalPlane(rows: readonly Float32Array[]): {
  points: [number, number][]
  explained: number
} {
  const d = rows[0]!.length
  const mean = new Float64Array(d)
  for (const row of rows) for (let k = 0; k < d; k++) mean[k]! += row[k]! / rows.length
  const covariance = new Float64Array(d * d)
  for (const row of rows)
    for (let i = 0; i < d; i++) {
      const difference = row[i]! - mean[i]!
      for (let k = i; k < d; k++) covariance[i * d + k]! += difference * (row[k]! - mean[k]!)
    }
  for (let i = 0; i < d; i++) for (let k = 0; k < i; k++) covariance[i * d + k] = covariance[k * d + i]!
  const { values, axes } = largestEigenvectors(covariance, d, 2)
  let total = 0
  for (let i = 0; i < d; i++) total += covariance[i * d + i]!
  return {
    points: rows.map((row) => {
      const on = (axis: Float64Array) => axis.reduce((sum, a, k) => sum + a * (row[k]! - mean[k]!), 0)
      return [on(axes[0]!), on(axes[1]!)]
    }),
    explained: total > 0 ? (values[0]! + values[1]!) / total : 0,
  }
}

const block = 8 // more than are wanted, so that what is near the second does not slow it down
const iterations = 100

/**
 * Subspace iteration with a Rayleigh–Ritz step at its end (Golub and Van Loan): a hundredth of the time that all
 * eigenvectors take, in which the engine would answer nobody.
 */
function largestEigenvectors(matrix: Float64Array, d: number, wanted: number) {
  const size = Math.min(d, block)
  const { normal } = random(1, 'subspace')
  let basis = orthonormal(Array.from({ length: size }, () => Float64Array.from({ length: d }, normal)))
  const image = (vector: Float64Array) =>
    Float64Array.from({ length: d }, (_, i) => {
      let sum = 0
      for (let k = 0; k < d; k++) sum += matrix[i * d + k]! * vector[k]!
      return sum
    })
  for (let i = 0; i < iterations; i++) basis = orthonormal(basis.map(image))
  const images = basis.map(image)
  const small = new Float64Array(size * size)
  for (let i = 0; i < size; i++)
    for (let k = 0; k < size; k++) small[i * size + k] = dot(basis[i]!, images[k]!)
  const { values, vectors } = eigenSymmetric(small, size)
  const order = [...values.keys()].sort((a, b) => values[b]! - values[a]!).slice(0, wanted)
  return {
    values: order.map((column) => Math.max(0, values[column]!)),
    axes: order.map((column) => {
      const axis = new Float64Array(d)
      for (const [i, vector] of basis.entries())
        for (let k = 0; k < d; k++) axis[k]! += vectors[i * size + column]! * vector[k]!
      const largest = axis.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0)
      return largest < 0 ? axis.map((value) => -value) : axis
    }),
  }
}

/** Gram and Schmidt, each twice; a direction that is not there becomes zeros. */
function orthonormal(vectors: Float64Array[]): Float64Array[] {
  const done: Float64Array[] = []
  for (const vector of vectors) {
    const own = vector.slice()
    const before = Math.sqrt(dot(own, own))
    for (const _round of [1, 2])
      for (const other of done) {
        const along = dot(own, other)
        for (let k = 0; k < own.length; k++) own[k]! -= along * other[k]!
      }
    const length = Math.sqrt(dot(own, own))
    done.push(length > 1e-12 * before ? own.map((value) => value / length) : own.fill(0))
  }
  return done
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!
  return sum
}

/** Mirrored where that lays the points nearer to where they were: a mirror image means the same, and is harder to read. */
function towards(
  before: readonly [number, number][],
  after: readonly [number, number][],
): [number, number][] {
  const sign = (axis: 0 | 1) => {
    const agreement = before.reduce((sum, point, i) => sum + point[axis] * after[i]![axis], 0)
    return agreement < 0 ? -1 : 1
  }
  const [x, y] = [sign(0), sign(1)]
  return after.map((point) => [x * point[0], y * point[1]])
}
