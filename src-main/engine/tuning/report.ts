import type { PersonId, Refusal } from '../../contract.ts'
import type { ConditionContrast } from '../../evaluation/condition-contrasts.ts'
import type { Comparisons } from '../../evaluation/comparisons.ts'
import { binsPerUnit } from '../../evaluation/distance-counts.ts'
import { doubtedFmr, doubtedFnmr } from '../../evaluation/doubt.ts'
import type { DoubtedRate } from '../../evaluation/doubt.ts'
import type { Findings } from '../../evaluation/findings.ts'
import { forecastFmr } from '../../evaluation/forecast.ts'
import type { Forecast, StrangersCorrection } from '../../evaluation/forecast.ts'
import { formInWords } from '../../evaluation/form.ts'
import type { Form } from '../../evaluation/form.ts'
import type { NormalisationComparison } from '../../evaluation/normalisation-comparison.ts'
import { supportedFmr } from '../../evaluation/supported-rate.ts'
import { transactionAt } from '../../evaluation/transaction.ts'
import type { BoundedTransaction, CountedFailures } from '../../evaluation/transaction.ts'
import type { Job } from '../jobs.ts'
import { jpegOfStored } from '../jpeg.ts'
import { settingsOf, type Parts } from '../parts.ts'
import { inWordsOf, type Measured } from './measured.ts'
import { normalisationsOf } from './normalisations.ts'
import { tailPairs } from './pairs.ts'
import { reportPage } from './report-page.ts'
import { evidenceFingerprint } from './staleness.ts'
import { inForceFor, thresholdsInForce } from './in-force.ts'

/** What a report says; its JSON. People are numbers in it, and names only where photographs were asked for. */
export interface Report {
  title: string
  at: string // ISO 8601
  model: { name: string; version: string }
  /** Of the list of people and photographs: equal for an equal gallery. */
  list: string
  form: Form & { inWords: string }
  strangers: string
  people: number
  strangerPeople: number
  photographs: number
  pairsOfPeople: number
  genuinePairs: number
  impostorPairs: number
  threshold: number
  thresholdFrom: string
  fmr: DoubtedRate
  fnmr: DoubtedRate
  forecast: Forecast | null
  supportedFmr: string[]
  /** FAR and FRR of a transaction of so many attempts at the threshold. */
  transaction: BoundedTransaction
  acquisition: CountedFailures | null
  enrolment: CountedFailures | null
  acquisitionOf: string // what was counted: "recorded attempts at verification"
  conditions: ConditionContrast[]
  /** Z-, T- and S-norm, where there is a cohort to normalise by. */
  normalisations: NormalisationComparison | null
  findings: Findings
  byPerson: {
    label: string
    photographs: number
    genuineMean: number
    impostorMean: number
    sentences: string[]
    /** A stricter threshold that is in force for this person alone. */
    ownThreshold: number | null
  }[]
  limits: string[]
}

/** Two crops side by side, as JPEG data addresses. */
export interface ShownPair {
  distance: number
  left: { label: string; src: string | null }
  right: { label: string; src: string | null }
}

/** A report to be kept: one page that loads nothing, and the same as JSON. */
export async function reportOf(
  parts: Parts,
  { measured, findings }: { measured: Measured; findings: Findings },
  { threshold, photographs }: { threshold?: number; photographs: boolean },
  job: Pick<Job, 'signal' | 'progress'>,
): Promise<{ kind: 'report'; html: string; json: string } | Refusal> {
  const { subject, gallery } = measured
  const inForce = inForceFor(parts, subject.form)
  const fromCard = inForce.origin.kind === 'card' ? ', from the model’s card' : ''
  const { form } = measured.compared
  const inForceOf = thresholdsInForce(parts)
  const counts = { template: form.templatePhotographs, burst: form.burstPhotographs }
  const ownThreshold = (person: PersonId) => {
    const own = inForceOf(subject.form, counts, person)
    return own.personal ? own.distance : null
  }
  const normalisations = await comparedNormalisations(parts, measured, job)
  if (normalisations?.kind === 'refused') return normalisations
  const report = compiled({
    compared: measured.compared,
    findings,
    correction: measured.strangers?.correction ?? null,
    at: parts.now(),
    model: parts.model,
    list: evidenceFingerprint(parts, subject.strangers),
    strangers: inWordsOf(measured),
    people: gallery.people.length,
    strangerPeople: measured.strangerPeople,
    photographs: gallery.photographs.length,
    pairsOfPeople: measured.pairsOfPeople,
    threshold: threshold ?? inForce.distance,
    thresholdFrom:
      threshold !== undefined ? 'given for this report' : `in force${fromCard}: ${inForce.origin.note}`,
    attempts: settingsOf(parts).failuresBeforeLockOut,
    acquisition: parts.gallery.attempts.acquisition(),
    acquisitionOf: 'recorded attempts at verification',
    conditions: measured.conditions,
    normalisations,
    byPerson: measured.byPerson.map((each, i) => ({
      label: photographs ? each.name : `person ${i + 1}`,
      photographs: each.photographs,
      genuineMean: each.genuine.mean,
      impostorMean: each.impostor.mean,
      sentences: each.sentences,
      ownThreshold: ownThreshold(each.person),
    })),
    notes: [
      ...measured.notes,
      ...(measured.strangers
        ? []
        : ['Strangers are the other enrolled people: one from elsewhere may come nearer, or stay farther.']),
    ],
  })
  const pairs = photographs
    ? {
        alike: await shownPairs(parts, measured, 'alike-strangers'),
        unlike: await shownPairs(parts, measured, 'unlike-photographs'),
      }
    : null
  return { kind: 'report', html: reportPage(report, pairs), json: JSON.stringify(report, null, 2) }
}

/** Null where nobody was imported to normalise by, or too few; cancelled is a refusal. */
export async function comparedNormalisations(
  parts: Parts,
  measured: Measured,
  job: Pick<Job, 'signal' | 'progress'>,
): Promise<NormalisationComparison | Refusal | null> {
  if (parts.gallery.cohorts.all().length === 0) return null
  const found = await normalisationsOf(parts, measured, settingsOf(parts).wantedFmr, job)
  return found.kind === 'refused' && found.reason !== 'cancelled' ? null : found
}

/** What a report is made of, besides what is computed from the comparisons. */
export type ReportSource = Pick<
  Report,
  | 'findings'
  | 'model'
  | 'list'
  | 'strangers'
  | 'people'
  | 'strangerPeople'
  | 'photographs'
  | 'pairsOfPeople'
  | 'threshold'
  | 'thresholdFrom'
  | 'byPerson'
  | 'acquisition'
  | 'acquisitionOf'
  | 'conditions'
  | 'normalisations'
> & {
  compared: Comparisons
  correction: StrangersCorrection | null
  at: number
  attempts: number // of a transaction
  enrolment?: CountedFailures | null
  notes: string[]
}

/** A report with its rates and bounds at the threshold, and its limits. */
export function compiled({
  compared,
  correction,
  at,
  notes,
  attempts,
  enrolment = null,
  ...source
}: ReportSource): Report {
  const { genuine, impostor, form } = compared
  const { threshold, acquisition } = source
  const [fmr, fnmr] = [doubtedFmr(compared, threshold), doubtedFnmr(compared, threshold)]
  const forecast = correction && forecastFmr(correction, impostor, threshold)
  return {
    title: 'How well faces are told apart here',
    at: new Date(at).toISOString(),
    form: { ...form, inWords: formInWords(form) },
    genuinePairs: genuine.total,
    impostorPairs: impostor.total,
    fmr,
    fnmr,
    forecast,
    enrolment,
    transaction: transactionAt(compared, threshold, { forecast, acquisition, enrolment, attempts }),
    supportedFmr: correction
      ? []
      : [1e-2, 1e-3, 1e-4].map((wanted) => supportedFmr(compared.people, wanted, compared).sentence),
    limits: [
      ...notes,
      'A threshold belongs to its form of comparison, to its model and to the camera and light of these photographs.',
      'Nobody tried to deceive the camera: rates under attack (printed or shown faces, masks) are not measured.',
      'A transaction’s rates are computed from comparisons, not counted: they lie between attempts of one person that all go alike and attempts that have nothing to do with each other.',
      ...(impostor.cumulative
        ? [
            `Beyond the exact tail, counts are exact at every ${binsPerUnit.toLocaleString('en')}th of a unit of distance.`,
          ]
        : []),
    ],
    ...source,
  }
}

async function shownPairs(
  parts: Parts,
  measured: Measured,
  tail: 'alike-strangers' | 'unlike-photographs',
): Promise<ShownPair[]> {
  const shown: ShownPair[] = []
  for (const { distance, probe, reference } of tailPairs(measured, tail, 12, parts.gallery.notSame()))
    shown.push({
      distance,
      left: { label: probe.name, src: await source(parts, probe) },
      right: { label: reference.name, src: await source(parts, reference) },
    })
  return shown
}

async function source(
  { gallery }: Parts,
  { photograph, stranger }: { photograph: number | null; stranger: number | null },
): Promise<string | null> {
  const png =
    photograph !== null
      ? gallery.crop(photograph)
      : stranger !== null
        ? gallery.cohorts.strangerCrop(stranger)
        : null
  if (!png) return null
  const shown = await jpegOfStored(png)
  return shown.kind === 'jpeg' ? `data:image/jpeg;base64,${Buffer.from(shown.jpeg).toString('base64')}` : null
}
