import type { ComparisonForm, ThresholdChoice, ThresholdInForce } from '../../contract.ts'
import { formInWords, formOf } from '../../evaluation/form.ts'
import { shownDistance, shownRate } from '../../evaluation/shown-rates.ts'
import type { ModelCard } from '../model-card.ts'
import { settingsOf, type Parts } from '../parts.ts'
import { scaleFor, thresholdFromCard, type Counts, type Threshold } from '../threshold.ts'
import { staleReason } from './staleness.ts'

/** A threshold with what the page says about its origin. */
export type ThresholdUsed<F extends ComparisonForm> = Threshold<F> & { origin: ThresholdInForce['origin'] }

/** What comparisons are judged by at this moment: one reading of the gallery for any number of them. */
export type ThresholdsInForce = <F extends ComparisonForm>(form: F, counts: Counts) => ThresholdUsed<F>

/**
 * What a comparison of each form is judged by: the threshold that was chosen for exactly this form on this gallery, else
 * the card's; with more photographs than it was measured with, as much stricter as the card is. Where
 * the owner set a stricter rate than it was chosen for, the card's for that rate holds. A burst is also held to the chosen photograph × template threshold until a burst was measured here.
 * The result throws when the card knows nothing of a form.
 */
export function thresholdsInForce(parts: Pick<Parts, 'gallery' | 'card' | 'model'>): ThresholdsInForce {
  const { wantedFmr } = settingsOf(parts)
  const isWanted = parts.gallery.settings().wantedFmr !== undefined // the default is no wish of anybody's
  // Distances of another model mean something else: what was chosen for it is not used at all.
  const chosen = parts.gallery
    .choices()
    .filter(({ model }) => model.version === parts.model.version)
    .map((choice) => ({ choice, stale: staleReason(parts, choice) }))
  const chosenFor = (form: ComparisonForm) => chosen.find(({ choice }) => choice.form.form === form)
  return (form, counts) => {
    const own = chosenFor(form)
    const card = fromCard(parts, form, counts, wantedFmr)
    if (own) {
      const held = scaled(parts.card, own.choice, counts)
      const isLaxer = rateOf(own.choice) > wantedFmr && held.distance > card.distance
      return isWanted && isLaxer ? instead(card, held.distance, own.choice) : tuned(form, own, held)
    }
    const single = form === 'burst-template' ? chosenFor('photograph-template') : undefined
    if (!single) return card
    const { distance, note } = scaled(parts.card, single.choice, { ...counts, burst: 1 })
    return distance < card.distance
      ? tuned(form, single, {
          distance,
          note: `${note} Stricter than the model’s own: a burst was not measured here.`,
        })
      : card
  }
}

/** For one comparison; see `thresholdsInForce`. */
export function thresholdInForce<F extends ComparisonForm>(
  parts: Pick<Parts, 'gallery' | 'card' | 'model'>,
  form: F,
  counts: Counts,
): ThresholdUsed<F> {
  return thresholdsInForce(parts)(form, counts)
}

/** A threshold as the page shows it. */
export function shownInForce({
  form,
  distance,
  wantedFmr,
  origin,
}: ThresholdUsed<ComparisonForm>): ThresholdInForce {
  return { form, distance, wantedFmr, origin }
}

/** What a usual verification in this form is judged by: a guided enrolment's five views, a burst of three frames. */
export function inForceFor(
  parts: Pick<Parts, 'gallery' | 'card' | 'model'>,
  form: ComparisonForm,
): ThresholdInForce {
  const counts = {
    'photograph-photograph': { template: 1, burst: 1 },
    'photograph-template': { template: 5, burst: 1 },
    'burst-template': { template: 5, burst: 3 },
  }[form]
  return shownInForce(thresholdInForce(parts, form, counts))
}

function fromCard<F extends ComparisonForm>(
  { card }: Pick<Parts, 'card'>,
  form: F,
  counts: Counts,
  wantedFmr: number,
): ThresholdUsed<F> {
  const threshold = thresholdFromCard(card, form, counts, wantedFmr)
  const { people, impostorPairs, note } = threshold
  return { ...threshold, origin: { kind: 'card', people, impostorPairs, note } }
}

/** A chosen threshold at the counts at hand: never laxer than it was measured, stricter where there is more evidence. */
function scaled(
  card: ModelCard,
  choice: ThresholdChoice,
  counts: Counts,
): { distance: number; note: string } {
  const { form, templatePhotographs, burstPhotographs } = choice.form
  const atHand = form === 'photograph-photograph' ? { template: 1, burst: 1 } : counts
  const measuredWith = { template: templatePhotographs, burst: burstPhotographs }
  const scale = scaleFor(card, form, { measuredWith, atHand }, rateOf(choice))
  const chosen = `Chosen on this gallery, ${formInWords(choice.form)}.`
  const more = formInWords(formOf(atHand.template, atHand.burst))
  return {
    distance: choice.threshold * scale,
    note:
      scale === 1
        ? chosen
        : `${chosen} Made stricter for ${more}, by ${((1 - scale) * 100).toPrecision(2)} %, as the model’s card does: more photographs bring strangers nearer too.`,
  }
}

/** What the owner set in Settings is held to as well: the card's for it, in place of a laxer choice. */
function instead<F extends ComparisonForm>(
  card: ThresholdUsed<F>,
  laxer: number,
  choice: ThresholdChoice,
): ThresholdUsed<F> {
  const { people, impostorPairs, wantedFmr } = card
  const note = `Stricter than the ${shownDistance(laxer)} chosen on this gallery (false match rate up to ${shownRate(rateOf(choice))}), because Settings ask for ${shownRate(wantedFmr)}. ${card.note}`
  return { ...card, note, origin: { kind: 'card', people, impostorPairs, note, insteadOf: laxer } }
}

/** The false match rate a choice stands for: what was wished, else the worst its evidence allows. */
function rateOf({ wish, forecast, fmr }: ThresholdChoice): number {
  if (wish.by === 'fmr') return wish.fmr
  return forecast ? forecast.worst : fmr.upper95
}

function tuned<F extends ComparisonForm>(
  form: F,
  { choice, stale }: { choice: ThresholdChoice; stale: string | null },
  { distance, note }: { distance: number; note: string },
): ThresholdUsed<F> {
  const { fmr, people, at, strangersInWords } = choice
  const pairs = fmr.comparisons
  return {
    form,
    distance,
    wantedFmr: rateOf(choice),
    people: fmr.people,
    impostorPairs: pairs,
    note,
    origin: { kind: 'tuned', people, pairs, at, stale, strangers: strangersInWords, note },
  }
}
