import { distanceBetween, fuseRows, type Embeddings } from '../../evaluation/embeddings.ts'

/** A person whose photographs fall into two groups as unlike as two people. */
export interface MixedPerson {
  person: number // place in the list
  /** Rows of the smaller group; which of the two is the person, nobody but the owner can say. */
  rows: number[]
  /** Of the two groups' templates. */
  distance: number
  limit: number
}

/**
 * Names, before training, who would poison it: the photographs are parted in two (two means, from the two farthest
 * apart), and the groups' templates compared with what the templates of different people are apart. `rows[p]` lists
 * person p's photographs.
 * @param cardLimit distance of two different people's templates that hardly any pair falls below, used where fewer than
 *   `fewestPeople` people are enrolled
 */
export function mixedPeople(
  embeddings: Embeddings,
  rows: readonly number[][],
  cardLimit: number,
): MixedPerson[] {
  const split = rows.map((own) => (own.length >= fewestPhotographs ? inTwo(embeddings, own) : null))
  const limit = limitBetween(embeddings, rows) ?? cardLimit
  return split.flatMap((groups, person) => {
    if (!groups) return []
    const distance = apart(embeddings, groups[0], groups[1])
    const smaller = groups[0].length < groups[1].length ? groups[0] : groups[1]
    // A single odd photograph is an outlier, which a template bears; a group is somebody.
    return smaller.length >= 2 && smaller.length >= leastShare * rows[person]!.length && distance > limit
      ? [{ person, rows: smaller, distance, limit }]
      : []
  })
}

const fewestPhotographs = 4
const leastShare = 0.25
const fewestPeople = 8
const quantile = 0.02 // of the distances between different people's templates

/** What hardly any two different people's templates are nearer than, in this gallery; null where few are enrolled. */
export function limitBetween(embeddings: Embeddings, rows: readonly number[][]): number | null {
  const people = rows.filter((own) => own.length > 0)
  if (people.length < fewestPeople) return null
  const distances = people
    .flatMap((a, i) => people.slice(i + 1).map((b) => apart(embeddings, a, b)))
    .sort((a, b) => a - b)
  return distances[Math.floor(quantile * distances.length)]!
}

function apart(embeddings: Embeddings, a: readonly number[], b: readonly number[]): number {
  return distanceBetween(fuseRows(embeddings, a), 0, fuseRows(embeddings, b), 0, embeddings.dimension)
}

/** Two means on the sphere, started from the two photographs farthest apart. */
function inTwo(embeddings: Embeddings, rows: readonly number[]): [number[], number[]] {
  const { vectors, dimension } = embeddings
  let ends: [number, number] = [rows[0]!, rows[1]!]
  let farthest = -1
  for (const [i, a] of rows.entries())
    for (const b of rows.slice(i + 1)) {
      const distance = distanceBetween(vectors, a, vectors, b, dimension)
      if (distance > farthest) [farthest, ends] = [distance, [a, b]]
    }
  let groups: [number[], number[]] = [[ends[0]], [ends[1]]]
  for (let step = 0; step < 10; step++) {
    const [first, second] = [fuseRows(embeddings, groups[0]), fuseRows(embeddings, groups[1])]
    const next: [number[], number[]] = [[], []]
    for (const row of rows) {
      const nearer =
        distanceBetween(vectors, row, first, 0, dimension) <=
        distanceBetween(vectors, row, second, 0, dimension)
      next[nearer ? 0 : 1].push(row)
    }
    if (next[0].length === 0 || next[1].length === 0) return groups
    const same = next[0].join() === groups[0].join()
    groups = next
    if (same) break
  }
  return groups
}
