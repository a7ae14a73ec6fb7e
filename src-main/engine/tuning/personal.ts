import type { PersonalChoice, PersonalProposal, PersonId, Refusal } from '../../contract.ts'
import { leastShift, personalThresholdOf } from '../../evaluation/personal-threshold.ts'
import { shownDistance } from '../../evaluation/shown-rates.ts'
import type { Parts } from '../parts.ts'
import { refused } from '../refusal.ts'
import { thresholdInForce } from './in-force.ts'
import { inWordsOf, type Measured } from './measured.ts'
import { evidenceFingerprint, staleReason } from './staleness.ts'

const prior = 50 // other people's worth of everybody's spread that is mixed in: with few strangers little is moved

/**
 * What would suit each person: everybody's threshold, as it is in force for the counts that were measured, moved to
 * where this person's strangers are.
 */
export function personalProposals(
  parts: Pick<Parts, 'gallery' | 'card' | 'model'>,
  measured: Pick<Measured, 'compared' | 'byPerson' | 'everyone'>,
): { from: number; people: PersonalProposal[] } {
  const { form } = measured.compared
  const counts = { template: form.templatePhotographs, burst: form.burstPhotographs }
  const from = thresholdInForce(parts, form.form, counts).distance
  const chosen = parts.gallery.choices
    .personal()
    .filter((choice) => choice.form.form === form.form && choice.model.version === parts.model.version)
  return {
    from,
    people: measured.byPerson.map(({ person, impostor, strangers }) => {
      const inForce = chosen.find((choice) => choice.person === person)
      return {
        person,
        own: personalThresholdOf(
          { ...impostor, size: strangers },
          { ...measured.everyone, size: measured.everyone.pairs },
          from,
          prior,
          'other people',
        ),
        inForce: inForce ? { ...inForce, stale: staleReason(parts, inForce) } : null,
      }
    }),
  }
}

/** One person's proposal as a choice with its evidence; refuses one that is not stricter than everybody's. */
export function personalChoiceFrom(
  parts: Pick<Parts, 'gallery' | 'card' | 'model' | 'now'>,
  measured: Measured,
  person: PersonId,
): PersonalChoice | Refusal {
  const { from, people } = personalProposals(parts, measured)
  const measuredPerson = measured.byPerson.find((each) => each.person === person)
  const own = people.find((each) => each.person === person)?.own
  if (!measuredPerson || !own)
    return refused('not-measured', 'This person has no photograph that the model in use can compare.')
  if (own.shift > -leastShift)
    return refused(
      'not-stricter',
      `A threshold of one’s own may only be stricter than everybody’s ${shownDistance(from)}: here it would be ${shownDistance(own.threshold)}. ${own.reason}`,
    )
  return {
    person,
    form: measured.compared.form,
    threshold: own.threshold,
    from,
    reason: own.reason,
    model: parts.model,
    gallery: evidenceFingerprint(parts, measured.subject.strangers),
    at: parts.now(),
    strangers: measured.subject.strangers,
    strangersInWords: inWordsOf(measured),
    strangersCompared: measuredPerson.strangers,
    impostor: measuredPerson.impostor,
    everyone: measured.everyone,
  }
}
