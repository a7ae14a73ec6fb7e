import type {
  ComparisonForm,
  PersonalChoice,
  PersonId,
  ThresholdChoice,
  ThresholdInForce,
} from '../../contract.ts'
import { formInWords, formOf, type Form } from '../../evaluation/form.ts'
import { shownDistance, shownRate } from '../../evaluation/shown-rates.ts'
import type { ModelCard } from '../model-card.ts'
import { settingsOf, type Parts } from '../parts.ts'
import { scaleFor, thresholdFromCard, type Counts, type Threshold } from '../threshold.ts'
import { movedSince } from './moved-since.ts'
import { staleReason } from './staleness.ts'

/** A threshold with what the page says about its origin. */
export type ThresholdUsed<F extends ComparisonForm> = Threshold<F> &
  Pick<ThresholdInForce, 'origin' | 'personal'>

/** What comparisons are judged by at this moment: one reading of the gallery for any number of them. */
export type ThresholdsInForce = <F extends ComparisonForm>(
  form: F,
  counts: Counts,
  person?: PersonId, // whose template it is: theirs may be stricter
) => ThresholdUsed<F>

/**
 * What a comparison of each form is judged by: the threshold that was chosen for exactly this form on this gallery, else
 * the card's; with more photographs than it was measured with, as much stricter as the card is. Where
 * the owner set a stricter rate than it was chosen for, the card's for that rate holds. A burst is also held to the chosen photograph × template threshold until a burst was measured here.
 * What was chosen for a model of which this one descends, or its sibling, is carried over, where that is stricter than the
 * card: a promotion loosens nothing.
 * A person's own threshold holds where it is the stricter one. The result throws when the card knows nothing of a form.
 */
export function thresholdsInForce(parts: Pick<Parts, 'gallery' | 'card' | 'model'>): ThresholdsInForce {
  const { wantedFmr } = settingsOf(parts)
  const isWanted = parts.gallery.settings().wantedFmr !== undefined // the default is no wish of anybody's
  const everyChoice = parts.gallery.choices.all()
  const chosen = everyChoice
    .filter(({ model }) => model.version === parts.model.version)
    .map((choice) => ({ choice, stale: staleReason(parts, choice) }))
  // Distances of another model mean something else: of what was chosen for it, only what it comes to here is used.
  const carried = carriedOver(parts)
  const former = everyChoice.flatMap(carried)
  const chosenFor = (form: ComparisonForm) => chosen.find(({ choice }) => choice.form.form === form)
  const everybodys: ThresholdsInForce = (form, counts) => {
    const own = chosenFor(form)
    const card = fromCard(parts, form, counts, wantedFmr)
    if (own) {
      const held = scaled(parts.card, own.choice, counts)
      const isLaxer = rateOf(own.choice) > wantedFmr && held.distance > card.distance
      return isWanted && isLaxer ? instead(card, held.distance, own.choice) : tuned(form, own, held)
    }
    const single = form === 'burst-template' ? chosenFor('photograph-template') : undefined
    if (!single) return heldToFormer(parts, card, former, counts)
    const { distance, note } = scaled(parts.card, single.choice, { ...counts, burst: 1 })
    return distance < card.distance
      ? tuned(form, single, {
          distance,
          note: `${note} Stricter than the model’s own: a burst was not measured here.`,
        })
      : card
  }
  const everyPersonal = parts.gallery.choices.personal()
  const personal = everyPersonal.filter(({ model }) => model.version === parts.model.version)
  const formerPersonal = everyPersonal.flatMap(carried)
  return (form, counts, person) => {
    const everyones = everybodys(form, counts)
    const ofForm = (of: readonly PersonalChoice[], wanted: ComparisonForm) =>
      of.find((choice) => choice.person === person && choice.form.form === wanted)
    const suiting = (of: readonly PersonalChoice[]) =>
      ofForm(of, form) ?? (form === 'burst-template' ? ofForm(of, 'photograph-template') : undefined)
    const own = suiting(personal) ?? suiting(formerPersonal)
    return own ? stricterOf(parts, everyones, own, counts) : everyones
  }
}

/** For one comparison; see `thresholdsInForce`. */
export function thresholdInForce<F extends ComparisonForm>(
  parts: Pick<Parts, 'gallery' | 'card' | 'model'>,
  form: F,
  counts: Counts,
  person?: PersonId,
): ThresholdUsed<F> {
  return thresholdsInForce(parts)(form, counts, person)
}

/** A threshold as the page shows it. */
export function shownInForce({
  form,
  distance,
  wantedFmr,
  origin,
  personal,
}: ThresholdUsed<ComparisonForm>): ThresholdInForce {
  return { form, distance, wantedFmr, origin, ...(personal ? { personal } : {}) }
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
  const chosen = `Chosen on this gallery, ${formInWords(choice.form)}.`
  const { scale, more } = scaleOf(card, choice.form, counts, rateOf(choice))
  return {
    distance: choice.threshold * scale,
    note:
      scale === 1
        ? chosen
        : `${chosen} Made stricter for ${more}, by ${((1 - scale) * 100).toPrecision(2)} %, as the model’s card does: more photographs bring strangers nearer too.`,
  }
}

/** How much stricter a threshold has to be at the counts at hand than at those it was measured with. */
function scaleOf(
  card: ModelCard,
  { form, templatePhotographs, burstPhotographs }: Form,
  counts: Counts,
  fmr: number,
): { scale: number; more: string } {
  const atHand = form === 'photograph-photograph' ? { template: 1, burst: 1 } : counts
  const measuredWith = { template: templatePhotographs, burst: burstPhotographs }
  const more = formInWords(formOf(atHand.template, atHand.burst))
  return { scale: scaleFor(card, form, { measuredWith, atHand }, fmr), more }
}

/** A choice at what it comes to under the model in use, at an equal rate of strangers; nothing where no report says. */
function carriedOver(parts: Pick<Parts, 'gallery' | 'model'>) {
  const known = new Map<string, number | null>([[parts.model.version, null]])
  return <C extends ThresholdChoice | PersonalChoice>(choice: C): C[] => {
    const { version } = choice.model
    if (!known.has(version)) known.set(version, movedSince(parts, version))
    const moved = known.get(version) ?? null
    return moved === null ? [] : [{ ...choice, threshold: choice.threshold * moved }]
  }
}

/** The card's threshold, or what was chosen for the model before where that is the stricter one. */
function heldToFormer<F extends ComparisonForm>(
  parts: Pick<Parts, 'card'>,
  card: ThresholdUsed<F>,
  former: readonly ThresholdChoice[],
  counts: Counts,
): ThresholdUsed<F> {
  const ofForm = (wanted: ComparisonForm) => former.find(({ form }) => form.form === wanted)
  const choice =
    ofForm(card.form) ?? (card.form === 'burst-template' ? ofForm('photograph-template') : undefined)
  if (!choice) return card
  const atHand = choice.form.form === card.form ? counts : { ...counts, burst: 1 }
  const { distance } = scaled(parts.card, choice, atHand)
  if (!(distance < card.distance)) return card
  const { people, impostorPairs } = card
  const note = `Stricter than the card’s ${shownDistance(card.distance)}: what was chosen for the model before comes to as much with this one, at an equal rate of strangers. Choose again. ${card.note}`
  return { ...card, distance, note, origin: { kind: 'card', people, impostorPairs, note } }
}

/** One person's own threshold, where it is the stricter of the two; the origin stays everybody's. */
function stricterOf<F extends ComparisonForm>(
  parts: Pick<Parts, 'gallery' | 'card' | 'model'>,
  everyones: ThresholdUsed<F>,
  own: PersonalChoice,
  counts: Counts,
): ThresholdUsed<F> {
  const atHand = own.form.form === everyones.form ? counts : { ...counts, burst: 1 }
  const distance =
    own.threshold * scaleOf(parts.card, own.form, atHand, Math.min(0.1, everyones.wantedFmr)).scale
  if (!(distance < everyones.distance)) return everyones
  const { at, reason } = own
  return {
    ...everyones,
    distance,
    note: `${everyones.note} Stricter for this person than everybody’s ${shownDistance(everyones.distance)}. ${reason}`,
    personal: { everyones: everyones.distance, at, stale: staleReason(parts, own), reason },
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
