import type { EmbeddingMap, Refusal } from '../../contract.ts'
import { eigenSymmetric } from '../../evaluation/symmetric-eigen.ts'
import type { Job } from '../jobs.ts'
import type { Parts } from '../parts.ts'
import { refused } from '../refusal.ts'
import { embeddingsUnder } from './embeddings-under.ts'

const mostPoints = 3000

/** The gallery in the plane under two models, each by its own two principal components. Refuses as `embeddingsUnder` does, and with 'too-few'. */
export async function embeddingMap(
  parts: Parts,
  before: string,
  after: string,
  job: Pick<Job, 'signal' | 'progress'>,
): Promise<EmbeddingMap | Refusal> {
  const seenBefore = await embeddingsUnder(parts, before, job)
  if (seenBefore.kind === 'refused') return seenBefore
  const seenAfter = await embeddingsUnder(parts, after, job)
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
  const { values, vectors } = eigenSymmetric(covariance, d)
  const order = [...values.keys()].sort((a, b) => values[b]! - values[a]!)
  const axes = order.slice(0, 2).map((column) => {
    const axis = Float64Array.from({ length: d }, (_, row) => vectors[row * d + column]!)
    const largest = axis.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0)
    return largest < 0 ? axis.map((value) => -value) : axis
  })
  const total = values.reduce((sum, value) => sum + Math.max(0, value), 0)
  return {
    points: rows.map((row) => {
      const on = (axis: Float64Array) => axis.reduce((sum, a, k) => sum + a * (row[k]! - mean[k]!), 0)
      return [on(axes[0]!), axes[1] ? on(axes[1]) : 0]
    }),
    explained: total > 0 ? order.slice(0, 2).reduce((sum, i) => sum + Math.max(0, values[i]!), 0) / total : 0,
  }
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
