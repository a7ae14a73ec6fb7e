import { ComparisonForm, type CallName, type TuningSubject } from '../../contract.ts'
import type { Handlers, Shared } from '../../engine.ts'
import { nameRefusal } from '../../gallery/person-name.ts'
import { readPicture } from '../../vision/read-picture.ts'
import { jpegOfStored } from '../jpeg.ts'
import type { Parts } from '../parts.ts'
import { refused } from '../refusal.ts'
import { choiceFrom } from './choose.ts'
import { keepChoice } from './keep-choice.ts'
import { keepStranger } from './cohort-photographs.ts'
import { normalisationsOf } from './normalisations.ts'
import { tailPairs } from './pairs.ts'
import { personalChoiceFrom, personalProposals } from './personal.ts'
import { reportOf } from './report.ts'
import { inForceFor } from './in-force.ts'
import { measurementOf, Tuning, withStaleness } from './tuning.ts'

type TuningCall = Extract<CallName, `tune.${string}` | `cohort.${string}`>

/** Everything the page asks of tuning: a room of the engine. */
export function tuningCalls(parts: Parts, { jobs, changed }: Shared): Handlers<TuningCall> {
  const { gallery } = parts
  let latest = new Tuning({ ...parts })
  /** Of one model from the first look to the last word: another may come into use while it measures. */
  const now = () => {
    if (latest.parts.model.version !== parts.model.version) latest = new Tuning({ ...parts })
    return { tuning: latest, parts: latest.parts }
  }
  const changing = <T extends { kind: string }>(outcome: T): T => {
    if (outcome.kind !== 'refused') changed()
    return outcome
  }
  return {
    'tune.measure': ({ job, ...takes }) =>
      jobs.run(job, async (running) => {
        const { tuning, parts } = now()
        const found = await tuning.findings(subjectOf(takes), running)
        return found.kind === 'refused' ? found : measurementOf(parts, found.measured, found.findings)
      }),
    'tune.pairs': async ({ tail, limit, person, ...takes }) => {
      const { tuning } = now()
      const measured = await tuning.measured(subjectOf(takes))
      if (measured.kind === 'refused') return measured
      return { kind: 'pairs', pairs: tailPairs(measured, tail, limit, gallery.notSame(), person) }
    },
    'tune.choose': ({ wish, job, ...takes }) =>
      jobs.run(job, async (running) => {
        const { tuning, parts } = now()
        const measured = await tuning.measured(subjectOf(takes), running)
        if (measured.kind === 'refused') return measured
        const choice = choiceFrom(parts, measured, wish)
        if ('kind' in choice) return choice
        const kept = keepChoice(parts, choice)
        if (kept.kind === 'refused') return kept
        changed()
        return { kind: 'chosen', choice, inForce: inForceFor(parts, takes.form) }
      }),
    'tune.choice': () => ({
      kind: 'choices',
      choices: gallery.choices.all().map((choice) => withStaleness(parts, choice)),
      inForce: ComparisonForm.options.map((form) => inForceFor(parts, form)),
    }),
    'tune.forget-choice': ({ form }) =>
      changing(
        gallery.choices.forget(form)
          ? { kind: 'forgotten' as const }
          : refused('no-choice', 'No threshold has been chosen for this form of comparison.'),
      ),
    'tune.personal': ({ job, ...takes }) =>
      jobs.run(job, async (running) => {
        const { tuning, parts } = now()
        const measured = await tuning.measured(subjectOf(takes), running)
        return measured.kind === 'refused'
          ? measured
          : { kind: 'personal', ...personalProposals(parts, measured) }
      }),
    'tune.choose-personal': ({ person, job, ...takes }) =>
      jobs.run(job, async (running) => {
        const { tuning, parts } = now()
        const measured = await tuning.measured(subjectOf(takes), running)
        if (measured.kind === 'refused') return measured
        const choice = personalChoiceFrom(parts, measured, person)
        if ('kind' in choice) return choice
        const kept = keepChoice(parts, choice)
        if (kept.kind === 'refused') return kept
        return changing({ kind: 'chosen' as const, choice })
      }),
    'tune.normalisations': ({ wantedFmr, job, ...takes }) =>
      jobs.run(job, async (running) => {
        const { tuning, parts } = now()
        const measured = await tuning.measured(subjectOf(takes), running)
        return measured.kind === 'refused' ? measured : normalisationsOf(parts, measured, wantedFmr, running)
      }),
    'tune.forget-personal': ({ person, form }) =>
      changing(
        gallery.choices.forgetPersonal(person, form)
          ? { kind: 'forgotten' as const }
          : refused('no-choice', 'This person has no threshold of their own in this form of comparison.'),
      ),
    'tune.not-same': ({ a, b, notSame }) => changing(gallery.markNotSame(a, b, notSame)),
    'tune.report': ({ threshold, photographs, job, ...takes }) =>
      jobs.run(job, async (running) => {
        const { tuning, parts } = now()
        const found = await tuning.findings(subjectOf(takes), running)
        return found.kind === 'refused' ? found : reportOf(parts, found, { threshold, photographs }, running)
      }),

    'cohort.list': () => gallery.cohorts.all(),
    'cohort.begin': ({ name }) => {
      const refusal = nameRefusal(name)
      return refusal ?? changing({ kind: 'cohort' as const, cohort: gallery.cohorts.add(name) })
    },
    // Thousands of them come in a row: who sends them knows, and others need not hear of each.
    'cohort.file': async ({ cohort, stranger, fileName, bytes }) =>
      keepStranger(parts, cohort, stranger, await readPicture(bytes, fileName)),
    'cohort.photograph': async ({ photograph }) => {
      const png = gallery.cohorts.strangerCrop(photograph)
      return png
        ? jpegOfStored(png)
        : refused('no-such-photograph', 'This photograph is in no cohort (any more).')
    },
    'cohort.drop': ({ photograph }) => changing(gallery.cohorts.dropStranger(photograph)),
    'cohort.remove': ({ cohort }) => changing(gallery.cohorts.remove(cohort)),
    'cohort.allow-training': ({ cohort, mayTrain }) =>
      changing(gallery.cohorts.setMayTrain(cohort, mayTrain)),
  }
}

function subjectOf({ form, strangers, burst }: TuningSubject): TuningSubject {
  return { form, strangers, burst }
}
