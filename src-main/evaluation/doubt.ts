import { clopperPearson, exactLower, exactUpper } from './binomial-bounds.ts'
import type { Interval } from './binomial-bounds.ts'
import type { Comparisons } from './comparisons.ts'
import { countAtMost } from './distance-counts.ts'
import { probit, studentQuantile } from './normal.ts'
import type { PairTail } from './pair-tail.ts'
import { peopleCompared } from './pairs-of-people.ts'

/** An error rate with what may honestly be said about it. Rates are fractions. */
export interface DoubtedRate {
  rate: number
  errors: number
  comparisons: number
  /** The number that counts: comparisons that share a person are not independent. */
  people: number
  /** How many independent comparisons would leave as much doubt. */
  effectiveComparisons: number
  interval95: Interval // two-sided
  upper95: number // one-sided
  lower95: number // one-sided
  upper80: number // one-sided, as FIDO's biometric requirements have it
  method: 'exact, effective comparisons over people' | 'exact, comparisons taken as independent'
}

/** Who is behind the comparisons: without it, they can only be taken as independent, which is too kind. */
export interface PeopleBehind {
  impostorTail: PairTail
  genuineTail: PairTail
  /** For each person, how many comparisons they are in. */
  impostorComparisonsOf: Float64Array
  genuineComparisonsOf: Float64Array
  /** For each person, how many photographs (or bursts) of theirs probe. */
  probesOf: Float64Array
  /** The plan's genuine comparisons: [probe, reference, …]. */
  genuine: Uint32Array
  /** Whose each of the plan's probes is. */
  personOfProbe: Int32Array
  /** The probes, and the references, that took part in impostor comparisons. */
  impostorProbes: Uint32Array
  impostorReferences: Uint32Array
  /** [probe, reference, …] where a list says who is compared with whom; null where every probe meets every reference. */
  impostorPairs: Uint32Array | null
  personOfReference: Int32Array
  /** Probes are the references, and each pair was compared once. */
  symmetric: boolean
}

/** FMR at a threshold, with its bounds. */
export function doubtedFmr(compared: Comparisons, threshold: number): DoubtedRate {
  const errors = countAtMost(compared.impostor, threshold)
  const behind = compared.behind
  if (!behind) return takenAsIndependent(errors, compared.impostor.total, compared.people)
  const of = behind.impostorComparisonsOf
  const people = of.filter((n) => n > 0).length
  const { strangers, pairs } = peopleCompared(behind)
  const mostIndependent = Math.min(compared.impostor.total, pairs)
  const tail = behind.impostorTail
  if (strangers === 0)
    return doubtOverPeople(errors, compared.impostor.total, {
      tail,
      comparisonsOf: of,
      people,
      mostIndependent,
    })
  // Against strangers the enrolled stay who they are: what is in doubt is which strangers come.
  const isReference = new Uint8Array(of.length)
  for (const reference of behind.impostorReferences) isReference[behind.personOfReference[reference]!] = 1
  const comparisonsOf = of.map((n, person) => (isReference[person] ? 0 : n))
  return {
    ...doubtOverPeople(errors, compared.impostor.total, {
      tail,
      comparisonsOf,
      people: Math.max(2, strangers), // one stranger says next to nothing, and two are the least for a spread
      mostIndependent,
    }),
    people,
  }
}

/** FNMR at a threshold, with its bounds. */
export function doubtedFnmr(compared: Comparisons, threshold: number): DoubtedRate {
  const errors = compared.genuine.total - countAtMost(compared.genuine, threshold)
  const behind = compared.behind
  if (!behind) return takenAsIndependent(errors, compared.genuine.total, compared.people)
  const tested = behind.genuineComparisonsOf
  return doubtOverPeople(errors, compared.genuine.total, {
    tail: behind.genuineTail,
    comparisonsOf: tested,
    people: tested.filter((n) => n > 0).length,
    // No more independent comparisons than photographs: ten photographs make 45 pairs, not 45 observations.
    mostIndependent: Math.min(
      compared.genuine.total,
      behind.probesOf.reduce((sum, probes, person) => sum + (tested[person]! > 0 ? probes : 0), 0),
    ),
  })
}

interface Sample {
  tail: PairTail
  comparisonsOf: Float64Array
  people: number
  mostIndependent: number
}

/** How far beyond the chosen errors the correlation is looked for, and how many pairs of people that takes at least. */
const reach = [1, 2, 4]
const pairsForReference = 10

/**
 * Clopper and Pearson's bound on *effective* counts (Korn & Graubard 1998): the variance of the rate when people are
 * left out in turn (delete-one jackknife), over the variance of independent comparisons, says how many independent
 * ones these are worth; Student's t stands for the few people. Where errors are few or none their own variance says
 * nothing, so the worst of this and of up to four times as many errors is taken, from at least ten pairs of people.
 * A plain percentile bootstrap bounds zero errors by zero; this bounds them by what the *near* errors say.
 * It cannot know a kind of person of whom the sample holds none.
 */
export function doubtOverPeople(errors: number, comparisons: number, sample: Sample): DoubtedRate {
  const { tail, people, mostIndependent } = sample
  if (people < 2) return takenAsIndependent(errors, comparisons, people)
  const rate = errors / comparisons
  const atLeast = rankWithPairs(tail, pairsForReference)
  const variances = reach
    .map((times) => Math.min(Math.max(atLeast, errors * times), tail.distances.length, comparisons / 2))
    .concat(Math.min(errors, tail.distances.length))
    .map((rank) => designEffect(Math.round(rank), comparisons, sample))
  const independent = Math.min(mostIndependent, comparisons / Math.max(...variances, 1))
  const worth = (confidence: number) => {
    const t = people > 1 ? studentQuantile(confidence, people - 1) : Infinity
    return Math.max(1, independent * (probit(confidence) / t) ** 2)
  }
  const upper = (confidence: number) => {
    const n = worth(confidence)
    return exactUpper(rate * n, n, confidence)
  }
  const lower = (confidence: number) => {
    const n = worth(confidence)
    return exactLower(rate * n, n, confidence)
  }
  return {
    rate,
    errors,
    comparisons,
    people,
    effectiveComparisons: worth(0.95),
    interval95: { low: lower(0.975), high: upper(0.975) },
    upper95: upper(0.95),
    lower95: lower(0.95),
    upper80: upper(0.8),
    method: 'exact, effective comparisons over people',
  }
}

function takenAsIndependent(errors: number, comparisons: number, people: number): DoubtedRate {
  return {
    rate: errors / comparisons,
    errors,
    comparisons,
    people,
    effectiveComparisons: comparisons,
    interval95: clopperPearson(errors, comparisons),
    upper95: exactUpper(errors, comparisons),
    lower95: exactLower(errors, comparisons),
    upper80: exactUpper(errors, comparisons, 0.8),
    method: 'exact, comparisons taken as independent',
  }
}

/** The jackknife variance of the rate of the tail's first `errors`, over the binomial one. */
function designEffect(errors: number, comparisons: number, { tail, comparisonsOf, people }: Sample): number {
  if (errors <= 0 || errors >= comparisons) return 0
  const errorsOf = new Float64Array(comparisonsOf.length)
  for (let i = 0; i < errors; i++) {
    const [a, b] = [tail.probePeople[i]!, tail.referencePeople[i]!]
    errorsOf[a]! += 1
    if (b !== a) errorsOf[b]! += 1
  }
  let sum = 0
  let squares = 0
  for (let person = 0; person < errorsOf.length; person++) {
    if (comparisonsOf[person] === 0) continue
    const left = comparisons - comparisonsOf[person]!
    const without = left > 0 ? (errors - errorsOf[person]!) / left : 0
    sum += without
    squares += without * without
  }
  const variance = ((people - 1) / people) * Math.max(0, squares - (sum * sum) / people)
  const rate = errors / comparisons
  return variance / ((rate * (1 - rate)) / comparisons)
}

/** How many errors it takes until so many different pairs of people (or people, in genuine ones) make them. */
function rankWithPairs(tail: PairTail, wanted: number): number {
  const pairs = new Set<number>()
  for (let i = 0; i < tail.distances.length; i++) {
    const [a, b] = [tail.probePeople[i]!, tail.referencePeople[i]!]
    pairs.add(Math.min(a, b) * 2 ** 26 + Math.max(a, b))
    if (pairs.size >= wanted) return i + 1
  }
  return tail.distances.length
}
