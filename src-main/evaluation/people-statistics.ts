import { distanceBetween, troubleWith } from './embeddings.ts'
import type { Embeddings } from './embeddings.ts'
import { lotOf, sweep } from './measure.ts'
import type { MeasureOptions } from './measure.ts'
import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'

/** Running count, mean and spread of distances. */
export interface Spread {
  pairs: number
  mean: number // NaN without a pair
  deviation: number // n − 1
  least: number
  most: number
}

export interface PersonStatistics {
  person: number
  photographs: number
  genuine: Spread
  impostor: Spread // to everyone else's photographs
  nearestPerson: number | null
}

/** Two people compared, photograph by photograph. */
export interface PairOfPeople extends Spread {
  a: number
  b: number
}

export interface GalleryStatistics {
  kind: 'statistics'
  people: PersonStatistics[]
  /** The most alike first; at most `riskiest` of them. */
  pairs: PairOfPeople[]
}

/** Distances of a gallery (photograph × photograph) by person and by pair of people. */
export async function galleryStatistics(
  embeddings: Embeddings,
  { riskiest = 200, ...options }: MeasureOptions & { riskiest?: number } = {},
): Promise<GalleryStatistics | Refused> {
  const trouble = troubleWith(embeddings)
  if (trouble) return trouble
  const lot = lotOf(embeddings)
  const names = [...new Set(lot.people)] // ascending, as the lot is
  const place = new Map(names.map((person, i) => [person, i]))
  const places = Int32Array.from(lot.people, (person) => place.get(person)!)
  const genuine = names.map(() => new SpreadBuilder())
  const impostor = names.map(() => new SpreadBuilder())
  const nearest = names.map(() => ({ person: -1, distance: Infinity }))
  for (let i = 0; i < places.length; i++)
    for (let j = i + 1; places[j] === places[i]; j++)
      genuine[places[i]!]!.add(distanceBetween(lot.vectors, i, lot.vectors, j, embeddings.dimension))

  const pairs = new Map<number, SpreadBuilder>()
  const outcome = await sweep(
    lot,
    lot,
    embeddings.dimension,
    true,
    options,
    (products, start, end, row, firstColumn) => {
      const a = places[row]!
      let b = -1
      let pair: SpreadBuilder | null = null
      for (let i = start; i < end; i++) {
        const column = places[firstColumn + i - start]!
        const distance = Math.sqrt(Math.max(0, 2 - 2 * products[i]!))
        if (column !== b || !pair) {
          b = column
          pair = pairs.get(a * names.length + b) ?? new SpreadBuilder()
          pairs.set(a * names.length + b, pair)
        }
        pair.add(distance)
      }
    },
  )
  if (outcome === 'cancelled') return refused('cancelled', 'The statistics were cancelled.')

  const listed: PairOfPeople[] = []
  for (const [key, builder] of pairs) {
    const [a, b] = [Math.floor(key / names.length), key % names.length]
    const spread = builder.spread()
    for (const [self, other] of [
      [a, b],
      [b, a],
    ] as const) {
      impostor[self]!.merge(builder)
      if (spread.least < nearest[self]!.distance)
        nearest[self] = { person: names[other]!, distance: spread.least }
    }
    listed.push({ a: names[a]!, b: names[b]!, ...spread })
  }
  const counts = new Map<number, number>()
  for (const person of lot.people) counts.set(person, (counts.get(person) ?? 0) + 1)
  return {
    kind: 'statistics',
    people: names.map((person, i) => ({
      person,
      photographs: counts.get(person)!,
      genuine: genuine[i]!.spread(),
      impostor: impostor[i]!.spread(),
      nearestPerson: nearest[i]!.person >= 0 ? nearest[i]!.person : null,
    })),
    pairs: listed.sort((x, y) => x.least - y.least || x.mean - y.mean).slice(0, riskiest),
  }
}

/** Welford's running moments, which two halves can be merged of. */
class SpreadBuilder {
  #n = 0
  #mean = 0
  #squares = 0
  #least = Infinity
  #most = -Infinity

  add(distance: number): void {
    const before = distance - this.#mean
    this.#n++
    this.#mean += before / this.#n
    this.#squares += before * (distance - this.#mean)
    if (distance < this.#least) this.#least = distance
    if (distance > this.#most) this.#most = distance
  }

  merge(other: SpreadBuilder): void {
    const n = this.#n + other.#n
    const apart = other.#mean - this.#mean
    this.#squares += other.#squares + (apart * apart * this.#n * other.#n) / n
    this.#mean += (apart * other.#n) / n
    this.#n = n
    this.#least = Math.min(this.#least, other.#least)
    this.#most = Math.max(this.#most, other.#most)
  }

  spread(): Spread {
    const known = this.#n > 0
    return {
      pairs: this.#n,
      mean: known ? this.#mean : NaN,
      deviation: this.#n > 1 ? Math.sqrt(this.#squares / (this.#n - 1)) : known ? 0 : NaN,
      least: known ? this.#least : NaN,
      most: known ? this.#most : NaN,
    }
  }
}
