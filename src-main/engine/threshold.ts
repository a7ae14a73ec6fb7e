import type { ComparisonForm } from '../contract.ts'
import { formInWords, formOf } from '../evaluation/form.ts'
import type { CardForm, ModelCard } from './model-card.ts'

/**
 * A distance that remembers which kinds of evidence it compares, so that the compiler refuses the threshold of
 * another form: on LFW the photograph × photograph threshold for FMR 1e-4 lets 2.8e-3 through when three photographs
 * are fused against a template of five.
 */
export interface Distance<F extends ComparisonForm> {
  readonly form: F
  /** Euclidean, between unit-length embeddings: 0–2. */
  readonly value: number
}

/** The largest distance that counts as a match, for one form of comparison and no other. */
export interface Threshold<F extends ComparisonForm> {
  readonly form: F
  /** Euclidean, between unit-length embeddings: 0–2. */
  readonly distance: number
  readonly wantedFmr: number // fraction of impostor comparisons
  readonly people: number // behind the measurement
  readonly impostorPairs: number
  /** What the user should know about where it comes from. */
  readonly note: string
}

/** How much evidence stands on each side of a comparison. */
export interface Counts {
  template: number // photographs in the template
  burst: number // frames or photographs fused into the probe
}

/** Smaller distance, more alike. Exactly at the threshold counts as a match. Throws when the forms differ. */
export function decide<F extends ComparisonForm>(
  distance: Distance<F>,
  threshold: Threshold<NoInfer<F>>,
): 'match' | 'no-match' {
  if (distance.form !== threshold.form)
    throw new TypeError(`a ${distance.form} distance cannot be judged by a ${threshold.form} threshold`)
  return distance.value <= threshold.distance ? 'match' : 'no-match'
}

/** Euclidean distance of two unit-length embeddings, marked with what they are. */
export function distanceBetween<F extends ComparisonForm>(
  form: F,
  a: Float32Array,
  b: Float32Array,
): Distance<F> {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2
  return { form, value: Math.sqrt(sum) }
}

/**
 * The threshold a comparison is judged by until thresholds are measured on the user's own camera: from the model's
 * card, for the wanted false match rate. Where the card has no row for exactly these counts, the stricter of the
 * neighbouring rows is taken; a burst is also held to the photograph × template rows, because frames of one burst are
 * more alike than the photographs of different days that the card was measured on.
 * Throws when the card knows nothing of the form.
 */
export function thresholdFromCard<F extends ComparisonForm>(
  card: ModelCard,
  form: F,
  counts: Counts,
  wantedFmr: number,
): Threshold<F> {
  const measured = card.forms.filter((row) => row.operatingPoints.length > 0)
  const ofForm = measured.filter((row) => row.form === form)
  const own = around(ofForm, form === 'photograph-photograph' ? { template: 1, burst: 1 } : counts)
  if (own.length === 0) throw new Error(`the card of ${card.model} has no threshold for ${form}`)
  const alsoHeldTo =
    form === 'burst-template'
      ? around(
          measured.filter((row) => row.form === 'photograph-template'),
          { template: counts.template, burst: 1 },
        )
      : []
  const candidates = [...own, ...alsoHeldTo].map((row) => ({ row, ...pointFor(row, measured, wantedFmr) }))
  const strictest = candidates.reduce((a, b) => (b.threshold < a.threshold ? b : a))
  const { row, threshold, extrapolatedFrom } = strictest
  return {
    form,
    distance: threshold,
    wantedFmr,
    people: row.people,
    impostorPairs: row.impostorPairs,
    note: noteOn(card, row, extrapolatedFrom, wantedFmr) + beyondTheCard(ofForm, counts),
  }
}

/**
 * What a threshold measured with some counts is multiplied by before it judges others, 0–1: more evidence pulls
 * impostors together too, by as much as the card shows at this false match rate. Between two rows of the card the
 * stricter one stands for the counts at hand and the laxer one for those measured; fewer loosen nothing.
 * Throws when the card knows nothing of the form.
 */
export function scaleFor(
  card: ModelCard,
  form: ComparisonForm,
  { measuredWith, atHand }: { measuredWith: Counts; atHand: Counts },
  fmr: number,
): number {
  if (atHand.template <= measuredWith.template && atHand.burst <= measuredWith.burst) return 1
  const measured = card.forms.filter((row) => row.operatingPoints.length > 0)
  const own = measured.filter((row) => row.form === form)
  const laxest = around(own, measuredWith).map((row) => pointFor(row, measured, fmr).threshold)
  return Math.min(1, thresholdFromCard(card, form, atHand, fmr).distance / Math.max(...laxest))
}

/** Rows with exactly these counts, else their neighbours on both sides in template size and in burst size. */
function around(rows: CardForm[], counts: Counts): CardForm[] {
  return neighbours(rows, (row) => row.template, counts.template).flatMap((group) =>
    neighbours(group, (row) => row.burst, counts.burst).flat(),
  )
}

/** Groups of rows by `count`: the group that equals it, else the next below and the next above. */
function neighbours(rows: CardForm[], count: (row: CardForm) => number, wanted: number): CardForm[][] {
  const counts = [...new Set(rows.map(count))].sort((a, b) => a - b)
  const below = counts.filter((c) => c <= wanted).at(-1)
  const above = counts.find((c) => c >= wanted)
  return [...new Set([below, above])]
    .filter((c) => c !== undefined)
    .map((c) => rows.filter((row) => count(row) === c))
}

interface Point {
  threshold: number
  /** The smallest rate that was measured, where that is not small enough; else null. */
  extrapolatedFrom: number | null
}

/**
 * Between two measured operating points the stricter one holds: nothing was measured in between. Where too few impostor
 * pairs stand behind a row for the wanted rate, its smallest rate is taken down by the strongest step that the rows
 * which do reach the wanted rate show between the two.
 */
function pointFor(row: CardForm, measured: CardForm[], wantedFmr: number): Point {
  const reached = reaches(row, wantedFmr)
  if (reached !== null) return { threshold: reached, extrapolatedFrom: null }
  const last = row.operatingPoints.reduce((a, b) => (b.fmr < a.fmr ? b : a))
  const steps = measured.flatMap((other) => {
    const [from, to] = [reaches(other, last.fmr), reaches(other, wantedFmr)]
    return from !== null && to !== null ? [to / from] : []
  })
  return { threshold: last.threshold * Math.min(1, ...steps), extrapolatedFrom: last.fmr }
}

/** The largest measured threshold whose rate is at most the wanted one; null where no row is as strict. */
function reaches(row: CardForm, wantedFmr: number): number | null {
  const strictEnough = row.operatingPoints.filter((point) => isAtMost(point.fmr, wantedFmr))
  return strictEnough.length > 0 ? Math.max(...strictEnough.map((point) => point.threshold)) : null
}

/** A rate written as 1e-4 and one computed as 0.1 / 1000 are the same wish. */
function isAtMost(fmr: number, wanted: number): boolean {
  return fmr <= wanted * (1 + 1e-9)
}

function noteOn(card: ModelCard, row: CardForm, extrapolatedFrom: number | null, wantedFmr: number): string {
  const measured = `Measured on ${card.measuredOn}, ${row.people} people; not tuned on this camera.`
  return extrapolatedFrom === null
    ? measured
    : `${measured} They support a false match rate of ${extrapolatedFrom}; down to ${wantedFmr} is carried over from other forms.`
}

/** Nothing was measured with more: what the largest row says is used, and it is said. */
function beyondTheCard(rows: CardForm[], counts: Counts): string {
  const template = Math.max(...rows.map((row) => row.template))
  const burst = Math.max(...rows.map((row) => row.burst))
  if (counts.template <= template && counts.burst <= burst) return ''
  const largest = formInWords(formOf(template, burst))
  return ` It was measured up to ${largest}; for more photographs that threshold is kept, though strangers come nearer still.`
}
