import { exactUpper } from './binomial-bounds.ts'
import type { Comparisons } from './comparisons.ts'
import { doubtedFmr, doubtedFnmr } from './doubt.ts'
import type { Forecast } from './forecast.ts'

/** A verification transaction: up to `attempts` presentations, accepted at the first match. ISO/IEC 19795-1. */
export interface TransactionRates {
  far: number // false accept rate of a claim by a stranger
  frr: number // false reject rate of the person themselves
  attempts: number
}

export interface TransactionInput {
  fmr: number // per comparison, fractions all
  fnmr: number
  failureToAcquire: number // share of presentations without a usable face
  failureToEnrol: number // share of people without a template
  attempts: number
}

/**
 * FAR and FRR when attempts are independent, the generalised rates of ISO/IEC 19795-1 with failures counted. One
 * person's attempts seldom are: a bad day lasts, so the true FRR lies between this and that of a single attempt, and
 * the true FAR between the single attempt's and this. Measured transactions (`measuredTransactions`) go before it.
 */
export function transactionRates(input: TransactionInput): TransactionRates {
  const { fmr, fnmr, failureToAcquire: fta, failureToEnrol: fte, attempts } = input
  const acceptedOnce = (1 - fta) * fmr
  const refusedOnce = fta + (1 - fta) * fnmr
  return {
    far: (1 - fte) * -Math.expm1(attempts * Math.log1p(-acceptedOnce)),
    frr: fte + (1 - fte) * refusedOnce ** attempts,
    attempts,
  }
}

/** Failures that were counted: of presentations without a usable face, or of people who could not be enrolled. */
export interface CountedFailures {
  failures: number
  of: number
}

/** An error rate per transaction: what it lies between, and what it is below with 95 % confidence. Fractions. */
export interface TransactionRate {
  least: number
  most: number
  upper95: number
}

export interface BoundedTransaction {
  attempts: number
  far: TransactionRate
  frr: TransactionRate
}

/**
 * FAR and FRR of a transaction with their doubt. How much attempts of one person hang together is not known, so each rate
 * lies between that of one attempt (they all go alike) and that of independent attempts. Failures that were never
 * counted (null, or of none) count as none in the rates.
 */
export function boundedTransaction({
  fmr,
  fnmr,
  acquisition,
  enrolment = null,
  attempts,
}: {
  fmr: { rate: number; upper95: number }
  fnmr: { rate: number; upper95: number } // of comparisons that were made: no failures to acquire among them
  acquisition: CountedFailures | null
  enrolment?: CountedFailures | null
  attempts: number
}): BoundedTransaction {
  const [fta, fte] = [rateOf(acquisition), rateOf(enrolment)]
  const rates = { failureToAcquire: fta, failureToEnrol: fte }
  const once = transactionRates({ fmr: fmr.rate, fnmr: fnmr.rate, ...rates, attempts: 1 })
  const independent = transactionRates({ fmr: fmr.rate, fnmr: fnmr.rate, ...rates, attempts })
  // At worst a stranger is acquired every time, and the person's attempts all fail together.
  const worstFar = transactionRates({
    fmr: fmr.upper95,
    fnmr: fnmr.upper95,
    failureToAcquire: 0,
    failureToEnrol: 0,
    attempts,
  }).far
  const worstFrr = transactionRates({
    fmr: 0,
    fnmr: fnmr.upper95,
    failureToAcquire: upperOf(acquisition),
    failureToEnrol: upperOf(enrolment),
    attempts: 1,
  }).frr
  return {
    attempts,
    far: { least: once.far, most: independent.far, upper95: worstFar },
    frr: { least: independent.frr, most: once.frr, upper95: worstFrr },
  }
}

/**
 * FNMR of the comparisons that were made: failures to acquire, which it counts as errors, are taken out, because a
 * transaction counts them by themselves. The bound stays that of all comparisons, which is the worse one.
 */
export function fnmrOfAcquired(
  { errors, comparisons, upper95 }: { errors: number; comparisons: number; upper95: number },
  failures: number,
): { rate: number; upper95: number } {
  const made = comparisons - failures
  return { rate: made > 0 ? (errors - failures) / made : 0, upper95 }
}

/** The same from comparisons, at a threshold; `forecast` stands in FMR's place where the strangers are virtual. */
export function transactionAt(
  compared: Comparisons,
  threshold: number,
  {
    forecast = null,
    ...counted
  }: {
    forecast?: Forecast | null
    acquisition: CountedFailures | null
    enrolment?: CountedFailures | null
    attempts: number
  },
): BoundedTransaction {
  return boundedTransaction({
    fmr: forecast ? { rate: forecast.fmr, upper95: forecast.worst } : doubtedFmr(compared, threshold),
    fnmr: fnmrOfAcquired(doubtedFnmr(compared, threshold), compared.genuine.failures),
    ...counted,
  })
}

function rateOf(counted: CountedFailures | null): number {
  return counted && counted.of > 0 ? counted.failures / counted.of : 0
}

function upperOf(counted: CountedFailures | null): number {
  return counted && counted.of > 0 ? exactUpper(counted.failures, counted.of) : 0
}

/** Counts of transactions that really were made, in groups of presentations of one claim. */
export function measuredTransactions(
  transactions: { genuine: boolean; distances: (number | null)[] }[], // null: no face found
  threshold: number,
  attempts: number,
): { falseAccepts: number; impostors: number; falseRejects: number; genuine: number } {
  const accepted = transactions.map(({ distances }) =>
    distances.slice(0, attempts).some((distance) => distance !== null && distance <= threshold),
  )
  const count = (genuine: boolean, outcome: boolean) =>
    transactions.filter((transaction, i) => transaction.genuine === genuine && accepted[i] === outcome).length
  return {
    falseAccepts: count(false, true),
    impostors: count(false, true) + count(false, false),
    falseRejects: count(true, false),
    genuine: count(true, true) + count(true, false),
  }
}
