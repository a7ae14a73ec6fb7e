/**
 * The comparisons that a moving threshold gets wrong first, in that order, with who is in them: the most alike
 * strangers, or the least alike photographs of one person. What the doubt about a rate is computed from, and what a
 * click on a histogram's tail shows.
 */
export interface PairTail {
  end: 'near' | 'far'
  /** Ascending for impostors (near), descending for genuine (far); +Infinity where the comparison failed. */
  distances: Float64Array
  probes: Uint32Array // places in the plan's probes
  references: Uint32Array // places in the plan's references
  probePeople: Int32Array
  referencePeople: Int32Array
  /** Every comparison up to here is in the tail; beyond `distances.length` errors nothing is known of who makes them. */
  complete: boolean
}

/** Collects a tail from any number of comparisons, in bounded memory. */
export class PairTailCollector {
  readonly #sign: number
  readonly #capacity: number
  #keys: Float64Array
  #probes: Uint32Array
  #references: Uint32Array
  #kept = 0
  #seen = 0
  /** Signed distances above this are not kept any more. */
  limit = Infinity

  constructor(end: 'near' | 'far', capacity: number) {
    this.#sign = end === 'near' ? 1 : -1
    this.#capacity = Math.max(1, capacity)
    const start = Math.min(4096, 2 * this.#capacity)
    this.#keys = new Float64Array(start)
    this.#probes = new Uint32Array(start)
    this.#references = new Uint32Array(start)
  }

  add(distance: number, probe: number, reference: number): void {
    this.#seen++
    const key = this.#sign * distance
    if (key > this.limit) return
    if (this.#kept === this.#keys.length) this.#makeRoom()
    this.#keys[this.#kept] = key
    this.#probes[this.#kept] = probe
    this.#references[this.#kept++] = reference
  }

  /** Products of `row` with the columns from `firstColumn` on; what is over the limit costs one comparison. */
  addProducts(
    products: Float32Array,
    start: number,
    end: number,
    probe: number,
    firstColumn: number,
    origin: Uint32Array,
  ): void {
    let least = 1 - (this.limit * this.limit) / 2 - 1e-6 // the product of the limit, and a hair for rounding
    for (let i = start; i < end; i++) {
      if (products[i]! < least) continue
      this.add(Math.sqrt(Math.max(0, 2 - 2 * products[i]!)), probe, origin[firstColumn + i - start]!)
      this.#seen--
      least = 1 - (this.limit * this.limit) / 2 - 1e-6
    }
    this.#seen += end - start
  }

  finish(probePeople: ArrayLike<number>, referencePeople: ArrayLike<number>): PairTail {
    const order = Uint32Array.from({ length: this.#kept }, (_, i) => i).sort(
      (a, b) =>
        this.#keys[a]! - this.#keys[b]! || // two failures: Infinity − Infinity is NaN, and the next decides
        this.#probes[a]! - this.#probes[b]! ||
        this.#references[a]! - this.#references[b]!,
    )
    const kept = order.subarray(0, this.#capacity)
    const probes = Uint32Array.from(kept, (i) => this.#probes[i]!)
    const references = Uint32Array.from(kept, (i) => this.#references[i]!)
    return {
      end: this.#sign > 0 ? 'near' : 'far',
      distances: Float64Array.from(kept, (i) => this.#sign * this.#keys[i]!),
      probes,
      references,
      probePeople: Int32Array.from(probes, (probe) => probePeople[probe]!),
      referencePeople: Int32Array.from(references, (reference) => referencePeople[reference]!),
      complete: kept.length === this.#seen,
    }
  }

  #makeRoom(): void {
    const full = this.#keys.length
    if (full < 2 * this.#capacity) {
      const size = Math.min(2 * this.#capacity, 2 * full)
      this.#keys = larger(this.#keys, new Float64Array(size))
      this.#probes = larger(this.#probes, new Uint32Array(size))
      this.#references = larger(this.#references, new Uint32Array(size))
      return
    }
    this.limit = this.#keys.slice().sort()[this.#capacity - 1]!
    let kept = 0
    // Strictly below first, then ties as far as there is room: equal distances must not grow the tail without end.
    for (let i = 0; i < full; i++) if (this.#keys[i]! < this.limit) this.#move(i, kept++)
    const below = kept
    for (let i = below; i < full && kept < this.#capacity; i++)
      if (this.#keys[i]! === this.limit) this.#move(i, kept++)
    this.#kept = kept
  }

  #move(from: number, to: number): void {
    swap(this.#keys, from, to)
    swap(this.#probes, from, to)
    swap(this.#references, from, to)
  }
}

function swap(list: Float64Array | Uint32Array, a: number, b: number): void {
  const kept = list[a]!
  list[a] = list[b]!
  list[b] = kept
}

function larger<T extends Float64Array | Uint32Array>(from: T, to: T): T {
  to.set(from)
  return to
}
