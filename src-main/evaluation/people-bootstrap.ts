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
  const [impostorOrder, genuineOrder] = [inOrder(impostorRanks), inOrder(genuineRanks)]
  const sampler = new PeopleSampler(behind, random)
  for (let draw = 0; draw < draws; draw++) {
    if (draw % drawsAtATime === 0) {
      onProgress?.(draw, draws)
      await new Promise((resume) => setTimeout(resume))
      if (signal?.aborted) return refused('cancelled', 'The bootstrap was cancelled.')
    }
    sampler.draw()
    sampler.impostorRates(impostorOrder, (i, rate) => (drawn.fmr[i]![draw] = rate))
    sampler.genuineRates(genuineOrder, (i, rate) => (drawn.fnmr[i]![draw] = rate))
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
  readonly #probesOf: Int32Array[]
  readonly #genuineOf: Int32Array[] // places in the genuine list, by person
  readonly #copies: Int32Array // how often each person was drawn
  readonly #weights: Int32Array // how often each probe was drawn
  readonly #times: Int32Array // the same within the copy at hand
  readonly #genuineWeights: Int32Array // how often each genuine comparison was drawn
  readonly #genuineTailPlaces: Int32Array
  #genuineTotal = 0

  constructor(behind: PeopleBehind, random: () => number) {
    this.#behind = behind
    this.#random = random
    const size = behind.probesOf.length
    this.#probesOf = grouped(behind.personOfProbe, size)
    this.#genuineOf = grouped(
      behind.genuine.filter((_, i) => i % 2 === 0).map((probe) => behind.personOfProbe[probe]!),
      size,
    )
    const places = new Map<number, number>()
    for (let i = 0; i < behind.genuine.length; i += 2)
      places.set(behind.genuine[i]! * 2 ** 26 + behind.genuine[i + 1]!, i / 2)
    const { probes, references } = behind.genuineTail
    this.#genuineTailPlaces = Int32Array.from(probes, (probe, i) =>
      places.get(probe * 2 ** 26 + references[i]!)!,
    )
    this.#people = [...behind.probesOf.keys()].filter(
      (person) => behind.impostorComparisonsOf[person]! + behind.genuineComparisonsOf[person]! > 0,
    )
    this.#copies = new Int32Array(size)
    this.#weights = new Int32Array(behind.personOfProbe.length)
    this.#times = new Int32Array(behind.personOfProbe.length)
    this.#genuineWeights = new Int32Array(behind.genuine.length / 2)
  }

  draw(): void {
    const { genuine, symmetric } = this.#behind
    const times = this.#times
    this.#copies.fill(0)
    this.#weights.fill(0)
    this.#genuineWeights.fill(0)
    this.#genuineTotal = 0
    for (let i = 0; i < this.#people.length; i++) {
      const person = this.#people[Math.floor(this.#random() * this.#people.length)]!
      this.#copies[person]! += 1
      const probes = this.#probesOf[person]!
      for (let k = 0; k < probes.length; k++) times[probes[k]!] = 0
      for (let k = 0; k < probes.length; k++) {
        const probe = probes[Math.floor(this.#random() * probes.length)]!
        this.#weights[probe]! += 1
        times[probe]! += 1
      }
      const own = this.#genuineOf[person]!
      for (let k = 0; k < own.length; k++) {
        const place = own[k]!
        const weight = times[genuine[2 * place]!]! * (symmetric ? times[genuine[2 * place + 1]!]! : 1)
        this.#genuineWeights[place]! += weight
        this.#genuineTotal += weight
      }
    }
  }

  /** The FMR of this draw for each number of errors in the tail. */
  impostorRates(ranks: RankList, give: (i: number, rate: number) => void): void {
    const { symmetric, impostorPairs } = this.#behind
    const { probes, references, referencePeople } = this.#behind.impostorTail
    const copies = this.#copies
    const weights = this.#weights
    const total = impostorPairs ? this.#listed(impostorPairs) : this.#crossed()
    let [sum, done] = [0, 0]
    for (const { rank, place } of ranks) {
      if (symmetric) for (; done < rank; done++) sum += weights[probes[done]!]! * weights[references[done]!]!
      else for (; done < rank; done++) sum += weights[probes[done]!]! * copies[referencePeople[done]!]!
      give(place, total > 0 ? sum / total : NaN)
    }
  }

  /** How many impostor comparisons of a list this draw holds; its pairs are of photographs on both sides. */
  #listed(pairs: Uint32Array): number {
    let total = 0
    for (let i = 0; i < pairs.length; i += 2)
      total += this.#weights[pairs[i]!]! * this.#weights[pairs[i + 1]!]!
    return total
  }

  /** The same where every probe meets every reference of another person. */
  #crossed(): number {
    const { symmetric, impostorProbes, impostorReferences, personOfProbe, personOfReference } = this.#behind
    const copies = this.#copies
    const weights = this.#weights
    // The capped protocol takes each person's first probe only: there the person's own weight is the probe's.
    if (impostorProbes.length <= this.#people.length)
      for (let i = 0; i < impostorProbes.length; i++)
        weights[impostorProbes[i]!] = copies[personOfProbe[impostorProbes[i]!]!]!
    const rowsOf = new Float64Array(copies.length)
    for (let i = 0; i < impostorProbes.length; i++)
      rowsOf[personOfProbe[impostorProbes[i]!]!]! += weights[impostorProbes[i]!]!
    const columnsOf = symmetric ? rowsOf : new Float64Array(copies.length)
    if (!symmetric)
      for (let i = 0; i < impostorReferences.length; i++)
        columnsOf[personOfReference[impostorReferences[i]!]!]! +=
          copies[personOfReference[impostorReferences[i]!]!]!
    let [rows, columns, own] = [0, 0, 0]
    for (let person = 0; person < rowsOf.length; person++) {
      rows += rowsOf[person]!
      columns += columnsOf[person]!
      own += rowsOf[person]! * columnsOf[person]!
    }
    return (rows * columns - own) / (symmetric ? 2 : 1)
  }

  /** The FNMR of this draw for each number of errors in the tail. */
  genuineRates(ranks: RankList, give: (i: number, rate: number) => void): void {
    let [sum, done] = [0, 0]
    for (const { rank, place } of ranks) {
      for (; done < rank; done++) sum += this.#genuineWeights[this.#genuineTailPlaces[done]!]!
      give(place, this.#genuineTotal > 0 ? sum / this.#genuineTotal : NaN)
    }
  }
}

/** Numbers of errors, ascending, and the threshold each belongs to. */
type RankList = { rank: number; place: number }[]

function inOrder(ranks: (number | null)[]): RankList {
  return ranks
    .map((rank, place) => ({ rank, place }))
    .filter((entry): entry is RankList[number] => entry.rank !== null)
    .sort((a, b) => a.rank - b.rank)
}

/** The places of each person in a list of people. */
function grouped(people: ArrayLike<number>, size: number): Int32Array[] {
  const lists: number[][] = Array.from({ length: size }, () => [])
  for (let i = 0; i < people.length; i++) lists[people[i]!]!.push(i)
  return lists.map((list) => Int32Array.from(list))
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
