import { writeFile } from 'node:fs/promises'
import {
  ComparisonForm,
  type PersonalChoice,
  type PersonalProposal,
  type Refusal,
  type Strangers,
  type ThresholdChoice,
  type TuningSubject,
  type Wish,
} from '../contract.ts'
import { refused } from '../engine/refusal.ts'
import { choiceFrom } from '../engine/tuning/choose.ts'
import { keepChoice } from '../engine/tuning/keep-choice.ts'
import { inForceFor } from '../engine/tuning/in-force.ts'
import type { Measured } from '../engine/tuning/measured.ts'
import { personalChoiceFrom, personalProposals } from '../engine/tuning/personal.ts'
import { comparedNormalisations, reportOf } from '../engine/tuning/report.ts'
import { measurementOf, Tuning, withStaleness } from '../engine/tuning/tuning.ts'
import { settingsOf, type Parts } from '../engine/parts.ts'
import { forecastFmr } from '../evaluation/forecast.ts'
import { formInWords } from '../evaluation/form.ts'
import { leastShift } from '../evaluation/personal-threshold.ts'
import { transactionAt } from '../evaluation/transaction.ts'
import {
  shownAcquisition,
  shownDistance,
  shownDoubt,
  shownEnrolment,
  shownRate,
  shownUpper,
} from '../evaluation/shown-rates.ts'
import { ensureModels } from './models.ts'
import { done, refusedOutcome, type Outcome } from './outcome.ts'
import { rateLines } from './rate-lines.ts'
import { count, shown, shownTime } from './shown.ts'
import type { Progress, Terminal } from './terminal.ts'
import { withGallery, type GalleryOptions } from './with-gallery.ts'

export interface TuneOptions extends GalleryOptions {
  fmr?: number
  eer?: boolean
  cost?: Extract<Wish, { by: 'cost' }>
  threshold?: number
  forget?: boolean
  form: ComparisonForm
  strangers: Strangers
  burst: number
  report?: string
  /** Of a transaction; else as many failures as lock a person. */
  attempts?: number
  /** Whose own threshold is taken into force, or forgotten: a name. */
  person?: string
}

/** Measures the gallery; with a wish, chooses the threshold and stores it with its evidence. */
export async function tune(options: TuneOptions, terminal: Terminal): Promise<Outcome> {
  const wish = wishOf(options)
  if (wish && 'kind' in wish) return refusedOutcome(wish)
  return withGallery(options, terminal, false, async (parts) => {
    const person = options.person === undefined ? null : parts.gallery.personByName(options.person)
    if (options.person !== undefined && !person)
      return refusedOutcome(
        refused('not-enrolled', `Nobody of the name ${shown(options.person)} is enrolled.`),
      )
    if (options.forget)
      return person ? forgetPersonal(parts, person, options.form) : forget(parts, options.form)
    const { gallery, model } = parts
    if (gallery.stale(model.version).some(({ hasCrop }) => hasCrop)) await ensureModels(terminal)
    const { form, strangers, burst } = options
    const subject: TuningSubject = { form, strangers, burst }
    const tuning = new Tuning(parts)
    const progress = progressOf(terminal)
    const found = await tuning.findings(subject, progress.job).finally(progress.stop)
    if (found.kind === 'refused') return refusedOutcome(found)
    const { measured, findings } = found
    const choice = wish ? choiceFrom(parts, measured, wish) : null
    if (choice && 'kind' in choice) return refusedOutcome(choice)
    const kept = choice && keepChoice(parts, choice)
    if (kept?.kind === 'refused') return refusedOutcome(kept)
    const own = person ? personalChoiceFrom(parts, measured, person.person) : null
    if (own && 'kind' in own) return refusedOutcome(own)
    const keptOwn = own && keepChoice(parts, own)
    if (keptOwn?.kind === 'refused') return refusedOutcome(keptOwn)
    const normalisations = await comparedNormalisations(parts, measured, progress.job).finally(progress.stop)
    if (normalisations?.kind === 'refused') return refusedOutcome(normalisations)
    const reported = options.report ? await writeReport(parts, found, options.report, progress.job) : null
    if (reported) return refusedOutcome(reported)
    const { comparisons: _bytes, findings: _again, ...measurement } = measurementOf(parts, measured, findings)
    const transaction = transactionOf(parts, measured, options.attempts)
    const personal = personalProposals(parts, measured)
    const json = {
      ...measurement,
      findings,
      chosen: choice,
      transaction: transaction.rates,
      normalisations,
      personal,
    }
    return done(own ? { ...json, chosenPersonal: own } : json, [
      ...rateLines({ ...measurement, compared: measured.compared, transaction, normalisations }, findings),
      ...(choice ? chosenLines(parts, choice) : inForceLines(parts, form)),
      ...personalLines(personal, measured, own),
      ...measurement.notes,
    ])
  })
}

/** At the threshold in force: what a person at the door meets. */
function transactionOf(parts: Parts, { compared, strangers, subject }: Measured, attempts?: number) {
  const { distance: threshold } = inForceFor(parts, subject.form)
  const correction = strangers?.correction ?? null
  const acquisition = parts.gallery.attempts.acquisition()
  const rates = transactionAt(compared, threshold, {
    forecast: correction && forecastFmr(correction, compared.impostor, threshold),
    acquisition,
    attempts: attempts ?? settingsOf(parts).failuresBeforeLockOut,
  })
  const acquired = `${shownAcquisition(acquisition)} ${shownEnrolment(null)}`
  return { threshold, thresholdFrom: 'in force', rates, acquired }
}

/** Everybody whose strangers come nearer, and everybody with a threshold of their own. */
function personalLines(
  { people }: { people: PersonalProposal[] },
  { byPerson }: Measured,
  own: PersonalChoice | null,
): string[] {
  const nameOf = (person: number) => shown(byPerson.find((each) => each.person === person)?.name ?? '')
  if (own)
    return [
      `${nameOf(own.person)}: ${shownDistance(own.threshold)} from now on, stricter than everybody’s ${shownDistance(own.from)}. ${own.reason}`,
    ]
  return people.flatMap(({ person, own: proposed, inForce }) =>
    inForce
      ? [
          `${nameOf(person)} has a threshold of their own: ${shownDistance(inForce.threshold)}. ${inForce.stale ?? inForce.reason}`,
        ]
      : proposed.shift <= -leastShift
        ? [`${nameOf(person)} could have ${shownDistance(proposed.threshold)} (--person): ${proposed.reason}`]
        : [],
  )
}

function forgetPersonal(
  { gallery }: Parts,
  { person, name }: { person: number; name: string },
  form: ComparisonForm,
): Outcome {
  return gallery.choices.forgetPersonal(person, form)
    ? done({ kind: 'forgotten', form, person }, [`${shown(name)} is judged by everybody’s threshold again.`])
    : refusedOutcome(refused('no-choice', `${shown(name)} has no threshold of their own for ${form}.`))
}

/** Null where nothing is to be chosen. */
function wishOf({ fmr, eer, cost, threshold, forget, person }: TuneOptions): Wish | Refusal | null {
  const wishes: Wish[] = [
    ...(fmr !== undefined ? [{ by: 'fmr' as const, fmr }] : []),
    ...(eer ? [{ by: 'eer' as const }] : []),
    ...(cost ? [cost] : []),
    ...(threshold !== undefined ? [{ by: 'hand' as const, threshold }] : []),
  ]
  if (person !== undefined && wishes.length > 0)
    return refused(
      'usage',
      '--person takes their own threshold, moved from everybody’s: choose that first, by itself.',
    )
  return wishes.length + (forget ? 1 : 0) > 1
    ? refused('usage', 'One of --fmr, --eer, --cost, --threshold and --forget is enough.')
    : (wishes[0] ?? null)
}

function forget({ gallery }: Parts, form: ComparisonForm): Outcome {
  return gallery.choices.forget(form)
    ? done({ kind: 'forgotten', form }, [`The threshold chosen for ${form} is forgotten.`])
    : refusedOutcome(refused('no-choice', `No threshold has been chosen for ${form}.`))
}

function chosenLines(parts: Parts, choice: ThresholdChoice): string[] {
  const { threshold, form, fmr, fnmr, forecast } = choice
  const { origin } = inForceFor(parts, form.form)
  const holds = origin.kind === 'tuned'
  return [
    `chosen: ${shownDistance(threshold)} for ${formInWords(form)}${holds ? '; verification uses it from now on' : ''}`,
    ...(holds ? [] : [origin.note]),
    forecast
      ? `FMR ${shownRate(forecast.fmr)} expected, ${shownUpper(forecast.worst)} at worst (a forecast)`
      : `FMR ${shownDoubt(fmr)}`,
    `FNMR ${shownDoubt(fnmr)}`,
  ]
}

function inForceLines(parts: Parts, form: ComparisonForm): string[] {
  const { distance, origin } = inForceFor(parts, form)
  const choice = parts.gallery.choices.all().find((each) => each.form.form === form)
  const stale = choice ? withStaleness(parts, choice).stale : null
  return [
    origin.kind === 'tuned'
      ? `in force: ${shownDistance(distance)}, chosen ${shownTime(origin.at)} on ${count(origin.people, 'person', 'people')}. ${origin.note}`
      : `in force: ${shownDistance(distance)}, from the model’s card. ${origin.note}`,
    ...(stale ? [stale] : []),
  ]
}

async function writeReport(
  parts: Parts,
  found: Parameters<typeof reportOf>[1],
  path: string,
  job: Parameters<typeof reportOf>[3],
): Promise<Refusal | null> {
  const report = await reportOf(parts, found, { photographs: false }, job)
  if (report.kind === 'refused') return report
  return writeReportFiles(path, report)
}

/** The page where it was asked for, and the same as JSON beside it. */
export async function writeReportFiles(
  path: string,
  { html, json }: { html: string; json: string },
): Promise<Refusal | null> {
  try {
    await writeFile(path, html)
    await writeFile(`${path.replace(/\.html?$/i, '')}.json`, `${json}\n`)
    return null
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return refused('file-unwritable', `${shown(path)} cannot be written (${code ?? message}).`)
  }
}

/** A job whose progress is a bar; Ctrl+C ends the process, and nothing was stored yet. */
export function progressOf(terminal: Terminal) {
  let bar: Promise<Progress> | null = null
  return {
    job: {
      signal: new AbortController().signal,
      progress(doneSteps: number, total: number, what: string) {
        bar ??= terminal.progress(total, what)
        void bar.then((shownBar) => shownBar.step(doneSteps))
      },
    },
    stop: () => void bar?.then((shownBar) => shownBar.stop()),
  }
}
