import type { Spread } from './people-statistics.ts'

/** Running moments of many people at once: one number an addition, whatever the number of comparisons. */
class Moments {
  readonly #n: Float64Array
  readonly #sum: Float64Array
  readonly #squares: Float64Array
  readonly #least: Float64Array
  readonly #most: Float64Array

  constructor(people: number) {
    this.#n = new Float64Array(people)
    this.#sum = new Float64Array(people)
    this.#squares = new Float64Array(people)
    this.#least = new Float64Array(people).fill(Infinity)
    this.#most = new Float64Array(people).fill(-Infinity)
  }

  add(person: number, distance: number): void {
    this.#n[person]! += 1
    this.#sum[person]! += distance
    this.#squares[person]! += distance * distance
    if (distance < this.#least[person]!) this.#least[person] = distance
    if (distance > this.#most[person]!) this.#most[person] = distance
  }

  spreadOf(person: number): Spread {
    const pairs = this.#n[person]!
    return spread(
      pairs,
      this.#sum[person]!,
      this.#squares[person]!,
      this.#least[person]!,
      this.#most[person]!,
    )
  }

  everyone(): Spread {
    const total = (of: Float64Array) => of.reduce((sum, value) => sum + value, 0)
    return spread(
      total(this.#n),
      total(this.#sum),
      total(this.#squares),
      this.#least.reduce((a, b) => Math.min(a, b), Infinity),
      this.#most.reduce((a, b) => Math.max(a, b), -Infinity),
    )
  }
}

/** Distances of a measurement by person, in its own form; given to `measure`, which fills it in the same sweep. */
export class PeopleSpreads {
  readonly #genuine: Moments
  readonly #asReference: Moments
  readonly #asProbe: Moments

  /** People are numbered from 0, strangers who only probe among them. */
  constructor(people: number) {
    this.#genuine = new Moments(people)
    this.#asReference = new Moments(people)
    this.#asProbe = new Moments(people)
  }

  addGenuine(person: number, distance: number): void {
    this.#genuine.add(person, distance)
  }

  /** Products of one probe with references of other people; where each pair is compared once, both are references. */
  addProducts(
    products: Float32Array,
    start: number,
    end: number,
    probe: number,
    references: Int32Array, // person of each column
    firstColumn: number,
    symmetric: boolean,
  ): void {
    for (let i = start; i < end; i++) {
      const reference = references[firstColumn + i - start]!
      const distance = Math.sqrt(Math.max(0, 2 - 2 * products[i]!))
      this.#asReference.add(reference, distance)
      this.#asProbe.add(probe, distance)
      if (!symmetric) continue
      this.#asReference.add(probe, distance)
      this.#asProbe.add(reference, distance)
    }
  }

  genuine(person: number): Spread {
    return this.#genuine.spreadOf(person)
  }

  /** Strangers against this person. */
  impostor(person: number): Spread {
    return this.#asReference.spreadOf(person)
  }

  /** This person against others. */
  probing(person: number): Spread {
    return this.#asProbe.spreadOf(person)
  }

  /** All impostor distances; in a symmetric plan each is counted for both people. */
  everyone(): Spread {
    return this.#asReference.everyone()
  }
}

function spread(pairs: number, sum: number, squares: number, least: number, most: number): Spread {
  if (pairs === 0) return { pairs, mean: NaN, deviation: NaN, least: NaN, most: NaN }
  const mean = sum / pairs
  const variance = pairs > 1 ? Math.max(0, squares - pairs * mean * mean) / (pairs - 1) : 0
  return { pairs, mean, deviation: Math.sqrt(variance), least, most }
}
