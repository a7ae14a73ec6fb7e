import { distanceBetween, fuseRows } from './embeddings.ts'
import type { Embeddings } from './embeddings.ts'
import { sweep } from './measure.ts'
import type { Lot, MeasureOptions } from './measure.ts'
import { PairTailCollector } from './pair-tail.ts'
import type { Spread } from './people-statistics.ts'
import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'

/** Two people who may be taken for each other: `distances` are of their photographs, photograph × photograph. */
export interface PeopleAlike {
  a: number
  b: number
  templates: number // distance of their templates
  distances: Spread
}

export interface Confusable {
  kind: 'confusable'
  /** The nearest photographs first. */
  pairs: PeopleAlike[]
  /** Whose template is nearest to each person's; −1 for the only one. */
  nearest: Int32Array
}

/** `photographs[p]` lists person p's rows. The nearest templates are found, then looked at photograph by photograph. */
export async function confusablePairs(
  embeddings: Embeddings,
  photographs: number[][],
  { most = 100, ...options }: MeasureOptions & { most?: number } = {},
): Promise<Confusable | Refused> {
  const { vectors, dimension } = embeddings
  const present = photographs.flatMap((rows, person) => (rows.length > 0 ? [person] : []))
  const templates = new Float32Array(present.length * dimension)
  for (const [i, person] of present.entries())
    templates.set(fuseRows(embeddings, photographs[person]!), i * dimension)
  const people = Int32Array.from(present)
  const lot: Lot = { vectors: templates, people, origin: Uint32Array.from(present) }
  const tail = new PairTailCollector('near', most)
  const nearest = new Int32Array(photographs.length).fill(-1)
  const best = new Float64Array(photographs.length).fill(-Infinity) // largest product
  const visit = (products: Float32Array, start: number, end: number, row: number, firstColumn: number) => {
    tail.addProducts(products, start, end, people[row]!, firstColumn, lot.origin)
    for (let i = start; i < end; i++) {
      const [a, b, product] = [people[row]!, people[firstColumn + i - start]!, products[i]!]
      if (product > best[a]!) [best[a], nearest[a]] = [product, b]
      if (product > best[b]!) [best[b], nearest[b]] = [product, a]
    }
  }
  if ((await sweep(lot, lot, dimension, true, options, visit)) === 'cancelled')
    return refused('cancelled', 'The measurement was cancelled.')
  const numbers = Array.from(photographs.keys())
  const found = tail.finish(numbers, numbers)
  const pairs = Array.from(found.distances, (distance, i): PeopleAlike => {
    const [a, b] = [found.probes[i]!, found.references[i]!]
    return {
      a,
      b,
      templates: distance,
      distances: acrossSpread(vectors, dimension, photographs[a]!, photographs[b]!),
    }
  })
  pairs.sort((x, y) => x.distances.least - y.distances.least)
  return { kind: 'confusable', pairs, nearest }
}

function acrossSpread(vectors: Float32Array, dimension: number, a: number[], b: number[]): Spread {
  const distances = a.flatMap((i) => b.map((j) => distanceBetween(vectors, i, vectors, j, dimension)))
  const pairs = distances.length
  const mean = distances.reduce((sum, distance) => sum + distance, 0) / pairs
  const squares = distances.reduce((sum, distance) => sum + (distance - mean) ** 2, 0)
  return {
    pairs,
    mean,
    deviation: pairs > 1 ? Math.sqrt(squares / (pairs - 1)) : 0,
    least: distances.reduce((x, y) => Math.min(x, y), Infinity),
    most: distances.reduce((x, y) => Math.max(x, y), -Infinity),
  }
}
