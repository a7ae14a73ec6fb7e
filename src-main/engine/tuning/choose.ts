import type { Refusal, ThresholdChoice, Wish } from '../../contract.ts'
import { chooseThreshold } from '../../evaluation/choice.ts'
import { doubtedFmr, doubtedFnmr } from '../../evaluation/doubt.ts'
import { boundedThreshold } from '../../evaluation/findings.ts'
import { forecastFmr } from '../../evaluation/forecast.ts'
import type { Parts } from '../parts.ts'
import { inWordsOf, type Measured } from './measured.ts'
import { evidenceFingerprint } from './staleness.ts'

/** A threshold as wished for, with its evidence; or the sentence of what the data can support instead. */
export function choiceFrom(
  parts: Pick<Parts, 'gallery' | 'model' | 'now'>,
  measured: Measured,
  wish: Wish,
): ThresholdChoice | Refusal {
  const { compared, subject, strangers, pairsOfPeople, strangerPeople } = measured
  const correction = strangers?.correction ?? null
  const threshold = thresholdFor(measured, wish)
  if (typeof threshold !== 'number') return threshold
  return {
    form: compared.form,
    threshold,
    wish,
    model: parts.model,
    gallery: evidenceFingerprint(parts, subject.strangers),
    at: parts.now(),
    people: measured.gallery.people.length,
    strangerPeople,
    pairsOfPeople,
    strangers: subject.strangers,
    strangersInWords: inWordsOf(measured),
    fmr: doubtedFmr(compared, threshold),
    fnmr: doubtedFnmr(compared, threshold),
    forecast: correction && forecastFmr(correction, compared.impostor, threshold),
  }
}

function thresholdFor({ compared, strangers }: Measured, wish: Wish): number | Refusal {
  if (wish.by === 'fmr') return boundedThreshold(compared, wish.fmr, strangers?.correction)
  const chosen = chooseThreshold(compared, wish, { model: '', gallery: '', at: 0, cohort: '' })
  return chosen.kind === 'refused' ? chosen : chosen.threshold
}
