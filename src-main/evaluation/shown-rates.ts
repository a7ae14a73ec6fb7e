import type { DoubtedRate } from './doubt.ts'
import type { ConditionShift } from './condition-contrasts.ts'
import { percent } from './supported-rate.ts'
import type { CountedFailures, TransactionRate } from './transaction.ts'

// The one place where digits are made: the page, the report and the command line print the same.

/** "0.37 %", "0.01 %", "0 %", "100 %": two significant digits, but never rounded up to none or down to all. */
export function shownRate(fraction: number): string {
  if (Number.isNaN(fraction)) return '–'
  if (fraction < 1 && fraction > 0.995) return `${Math.floor(fraction * 1e4) / 100} %`
  return percent(fraction)
}

/** Four decimals: a ten-thousandth is below what a camera's noise moves a distance. */
export function shownDistance(distance: number): string {
  return Number.isFinite(distance) ? distance.toFixed(4) : '–'
}

/** "≤ 0.52 %": the one-sided 95 % bound, rounded up, because it is a bound. */
export function shownUpper(bound: number): string {
  return `≤ ${percent(roundedUp(bound))}`
}

/** "0.1–0.52 %": the two-sided 95 % interval, rounded outwards; a lower end below a thousandth of the upper is 0. */
export function shownInterval({ low, high }: { low: number; high: number }): string {
  const lower = low < high / 1000 ? 0 : roundedDown(low)
  return `${percent(lower).replace(' %', '')}–${percent(roundedUp(high))}`
}

/** "0.2 % (≤ 0.52 % with 95 % confidence; 3 errors; 37 people, 1,665 pairs)". */
export function shownDoubt({ rate, upper95, errors, comparisons, people }: DoubtedRate): string {
  const who = people > 0 ? `${people.toLocaleString('en')} people, ` : ''
  return `${shownRate(rate)} (${shownUpper(upper95)} with 95 % confidence; ${errors.toLocaleString('en')} ${errors === 1 ? 'error' : 'errors'}; ${who}${comparisons.toLocaleString('en')} pairs)`
}

/** "0.2–0.6 % (≤ 1.9 %)": a rate per transaction. */
export function shownTransaction(rate: TransactionRate): string {
  return `${shownRange(rate)} (${shownUpper(rate.upper95)})`
}

/** "0.2–0.6 %": what a rate lies between; a lower end below a thousandth of the upper is 0. */
export function shownRange({ least, most }: Pick<TransactionRate, 'least' | 'most'>): string {
  const [from, to] = [shownRate(least < most / 1000 ? 0 : least), shownRate(most)]
  return from === to ? to : `${from.replace(' %', '')}–${to}`
}

/** What stands behind a transaction's rates, in a sentence: "failures to acquire: 3 of 41 recorded attempts (7.3 %)". */
export function shownAcquisition(
  counted: CountedFailures | null,
  of = 'recorded attempts at verification',
): string {
  return counted && counted.of > 0
    ? `Failures to acquire: ${counted.failures.toLocaleString('en')} of ${counted.of.toLocaleString('en')} ${of} (${shownRate(counted.failures / counted.of)}).`
    : 'Failures to acquire were never measured here, and count as none.'
}

/** What is known of people who could not be enrolled. */
export function shownEnrolment(counted: CountedFailures | null): string {
  return counted && counted.of > 0
    ? `${counted.failures.toLocaleString('en')} of ${counted.of.toLocaleString('en')} people could not be enrolled.`
    : 'Failures to enrol are not recorded, and count as none.'
}

/** "+0.051 (0.032–0.07; 37 people)": how much farther apart photographs of different conditions are. */
export function shownShift(shift: ConditionShift | null): string {
  if (!shift) return 'too few people with both'
  const { mean, interval95, people } = shift
  return `${signed(mean, 3)} (${signed(interval95.low, 3)} to ${signed(interval95.high, 3)}; ${people.toLocaleString('en')} people)`
}

/** "−1.2 points (−2 to −0.4)": an error rate less another, in percentage points with its 95 % interval. */
export function shownChange(
  change: { difference: number; interval95: { low: number; high: number } | null } | null,
): string {
  if (!change) return '–'
  const { difference, interval95 } = change
  const points = (fraction: number) => signed(fraction * 100, 2)
  return interval95
    ? `${points(difference)} points (${points(interval95.low)} to ${points(interval95.high)})`
    : 'no decision differs'
}

/** A number without a unit, two decimals; a dash where there is none. */
export function shownNumber(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : '–'
}

function signed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return '–'
  const shown = Math.abs(value).toFixed(digits)
  return Number(shown) === 0 ? shown : `${value < 0 ? '−' : '+'}${shown}`
}

function roundedUp(fraction: number): number {
  if (!(fraction > 0)) return fraction
  const unit = secondDigit(fraction)
  return Math.min(1, Math.ceil(fraction / unit - 1e-9) * unit)
}

function roundedDown(fraction: number): number {
  if (!(fraction > 0)) return fraction
  const unit = secondDigit(fraction)
  return Math.floor(fraction / unit + 1e-9) * unit
}

function secondDigit(fraction: number): number {
  return 10 ** (Math.floor(Math.log10(fraction)) - 1)
}
