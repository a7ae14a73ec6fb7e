import type { Interval } from './binomial-bounds.ts'
import { doubtedFmr, doubtedFnmr } from './doubt.ts'
import type { PeopleBehind } from './doubt.ts'
import type { Comparisons } from './comparisons.ts'
import type { PairTail } from './pair-tail.ts'
import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'

export interface Bands {
  kind: 'bands'
  thresholds: Float64Array
  draws: number
  /** Two-sided 95 %; null where more errors are made than the kept tail tells the people of. */
  fmr: (Interval | null)[]
  fnmr: (Interval | null)[]
  method: 'the wider of the percentile bootstrap over people and their photographs and the exact bound'
}

export interface BootstrapOptions {
  draws?: number
  random: () => number // 0 ≤ x < 1, from a seed where the same digits are wanted again
  onProgress?: (done: number, total: number) => void
  signal?: AbortSignal
}

const drawsAtATime = 20 // between two looks at the clock, the cancel button and the page

/**
 * The band around a curve. People are drawn with replacement, then each one's photographs; two copies of one person
 * are never impostors of each other. Alone its percentiles are too narrow for few people (89–90 % for 95) and empty
 * for no errors: so the wider of it and the exact bound over people is given.
 */
export async function bootstrapOverPeople(
  compared: Comparisons,
  thresholds: Float64Array,
  { draws = 1000, random, onProgress, signal }: BootstrapOptions,
): Promise<Bands | Refused> {
  const behind = compared.behind
  if (!behind || compared.people < 2)
    return refused('one-person', 'A bootstrap over people needs the photographs of at least two people.')
  const drawn = { fmr: grid(thresholds.length, draws), fnmr: grid(thresholds.length, draws) }
  const impostorRanks = Array.from(thresholds, (t) => errorsInTail(behind.impostorTail, t))
  const genuineRanks = Array.from(thresholds, (t) => errorsInTail(behind.genuineTail, t))
  const sampler = new PeopleSampler(behind, random)
  for (let draw = 0; draw < draws; draw++) {
    if (draw % drawsAtATime === 0) {
      onProgress?.(draw, draws)
      await new Promise((resume) => setTimeout(resume))
      if (signal?.aborted) return refused('cancelled', 'The bootstrap was cancelled.')
    }
    sampler.draw()
    sampler.impostorRates(impostorRanks, (i, rate) => (drawn.fmr[i]![draw] = rate))
    sampler.genuineRates(genuineRanks, (i, rate) => (drawn.fnmr[i]![draw] = rate))
  }
  onProgress?.(draws, draws)
  const band = (rates: Float64Array, exact: Interval, rank: number | null) => {
    if (rank === null) return null
    const known = rates.filter((rate) => !Number.isNaN(rate)).sort()
    const at = (share: number) => known[Math.round(share * (known.length - 1))] ?? NaN
    if (known.length === 0) return exact
    return { low: Math.min(exact.low, at(0.025)), high: Math.max(exact.high, at(0.975)) }
  }
  return {
    kind: 'bands',
    thresholds,
    draws,
    fmr: drawn.fmr.map((rates, i) =>
      band(rates, doubtedFmr(compared, thresholds[i]!).interval95, impostorRanks[i]!),
    ),
    fnmr: drawn.fnmr.map((rates, i) =>
      band(rates, doubtedFnmr(compared, thresholds[i]!).interval95, genuineRanks[i]!),
    ),
    method: 'the wider of the percentile bootstrap over people and their photographs and the exact bound',
  }
}

/** One draw of people and photographs, as weights. */
class PeopleSampler {
  readonly #behind: PeopleBehind
  readonly #random: () => number
  readonly #people: number[]
  readonly #probesOf: number[][]
  readonly #genuineOf: number[][] // places in the genuine list, by person
  readonly #copies: Uint16Array // how often each person was drawn
  readonly #weights: Float64Array // how often each probe was drawn
  readonly #genuineWeights: Float64Array // how often each genuine comparison was drawn
  readonly #genuineTailPlaces: Uint32Array

  constructor(behind: PeopleBehind, random: () => number) {
    this.#behind = behind
    this.#random = random
    const size = behind.probesOf.length
    this.#probesOf = Array.from({ length: size }, () => [])
    for (const [probe, person] of behind.personOfProbe.entries()) this.#probesOf[person]!.push(probe)
    this.#genuineOf = Array.from({ length: size }, () => [])
    const places = new Map<number, number>()
    for (let i = 0; i < behind.genuine.length; i += 2) {
      this.#genuineOf[behind.personOfProbe[behind.genuine[i]!]!]!.push(i)
      places.set(behind.genuine[i]! * 2 ** 26 + behind.genuine[i + 1]!, i / 2)
    }
    const { probes, references } = behind.genuineTail
    this.#genuineTailPlaces = Uint32Array.from(probes, (probe, i) =>
      places.get(probe * 2 ** 26 + references[i]!)!,
    )
    this.#people = [...behind.probesOf.keys()].filter(
      (person) => behind.impostorComparisonsOf[person]! + behind.genuineComparisonsOf[person]! > 0,
    )
    this.#copies = new Uint16Array(size)
    this.#weights = new Float64Array(behind.personOfProbe.length)
    this.#genuineWeights = new Float64Array(behind.genuine.length / 2)
  }

  draw(): void {
    const { genuine, symmetric } = this.#behind
    this.#copies.fill(0)
    this.#weights.fill(0)
    this.#genuineWeights.fill(0)
    for (let i = 0; i < this.#people.length; i++) {
      const person = this.#people[Math.floor(this.#random() * this.#people.length)]!
      this.#copies[person]! += 1
      const probes = this.#probesOf[person]!
      const times = new Map<number, number>()
      for (let k = 0; k < probes.length; k++) {
        const probe = probes[Math.floor(this.#random() * probes.length)]!
        this.#weights[probe]! += 1
        times.set(probe, (times.get(probe) ?? 0) + 1)
      }
      for (const place of this.#genuineOf[person]!) {
        const weight =
          (times.get(genuine[place]!) ?? 0) * (symmetric ? (times.get(genuine[place + 1]!) ?? 0) : 1)
        this.#genuineWeights[place / 2]! += weight
      }
    }
  }

  /** The FMR of this draw for each number of errors in the tail. */
  impostorRates(ranks: (number | null)[], give: (i: number, rate: number) => void): void {
    const { symmetric, impostorProbes, impostorReferences, personOfProbe, personOfReference } = this.#behind
    const { probes, references, referencePeople } = this.#behind.impostorTail
    const oneEach = impostorProbes.length <= this.#people.length // the capped protocol: first probes only
    const probeWeight = (probe: number) =>
      oneEach ? this.#copies[personOfProbe[probe]!]! : this.#weights[probe]!
    const rowsOf = new Float64Array(this.#copies.length)
    for (const probe of impostorProbes) rowsOf[personOfProbe[probe]!]! += probeWeight(probe)
    const columnsOf = symmetric ? rowsOf : new Float64Array(this.#copies.length)
    if (!symmetric)
      for (const reference of impostorReferences)
        columnsOf[personOfReference[reference]!]! += this.#copies[personOfReference[reference]!]!
    let [rows, columns, own] = [0, 0, 0]
    for (const [person, n] of rowsOf.entries()) {
      rows += n
      columns += columnsOf[person]!
      own += n * columnsOf[person]!
    }
    const total = (rows * columns - own) / (symmetric ? 2 : 1)
    const weights = new Float64Array(probes.length)
    for (let i = 0; i < probes.length; i++)
      weights[i] =
        probeWeight(probes[i]!) *
        (symmetric ? probeWeight(references[i]!) : this.#copies[referencePeople[i]!]!)
    this.#accumulate(weights, ranks, total, give)
  }

  /** The FNMR of this draw for each number of errors in the tail. */
  genuineRates(ranks: (number | null)[], give: (i: number, rate: number) => void): void {
    const total = this.#genuineWeights.reduce((sum, weight) => sum + weight, 0)
    const weights = Float64Array.from(this.#genuineTailPlaces, (place) => this.#genuineWeights[place]!)
    this.#accumulate(weights, ranks, total, give)
  }

  #accumulate(
    weights: Float64Array,
    ranks: (number | null)[],
    total: number,
    give: (i: number, rate: number) => void,
  ): void {
    for (let i = 1; i < weights.length; i++) weights[i]! += weights[i - 1]!
    for (const [i, rank] of ranks.entries())
      give(i, rank === null || total === 0 ? NaN : (rank > 0 ? weights[rank - 1]! : 0) / total)
  }
}

/** How many of the tail's comparisons a threshold gets wrong; null where it may be more than the tail holds. */
function errorsInTail({ distances, end, complete }: PairTail, threshold: number): number | null {
  let low = 0
  let high = distances.length
  const wrong = (distance: number) => (end === 'near' ? distance <= threshold : distance > threshold)
  while (low < high) {
    const middle = (low + high) >>> 1
    if (wrong(distances[middle]!)) low = middle + 1
    else high = middle
  }
  return low === distances.length && !complete ? null : low
}

function grid(rows: number, columns: number): Float64Array[] {
  return Array.from({ length: rows }, () => new Float64Array(columns))
}
