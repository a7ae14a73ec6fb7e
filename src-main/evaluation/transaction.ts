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
