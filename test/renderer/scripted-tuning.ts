import type {
  CallName,
  Cohort,
  Events,
  EventName,
  Gives,
  Measurement,
  PersonalChoice,
  PersonalProposal,
  Refusal,
  Takes,
  ThresholdChoice,
  ThresholdInForce,
} from '../../src-main/contract.ts'
import { doubtedFmr, doubtedFnmr } from '../../src-main/evaluation/doubt.ts'
import { chooseThreshold } from '../../src-main/evaluation/choice.ts'
import { compareNormalisations } from '../../src-main/evaluation/normalisation-comparison.ts'
import { personalThresholdOf } from '../../src-main/evaluation/personal-threshold.ts'
import { allPairsPlan, leaveOneOutPlan } from '../../src-main/evaluation/plan.ts'
import { syntheticGallery } from '../evaluation/gallery.ts'
import { drawnMeasurement, type DrawnGallery, type DrawnMeasurement } from './drawn-measurement.ts'

type Tell = <E extends EventName>(event: E, body: Events[E]) => void
type Answers = { [N in CallName]?: (takes: Takes<N>) => Gives<N> | Promise<Gives<N>> }

/** Answers the tuning calls from a drawn gallery, or from what a test puts in its place. */
export class ScriptedTuning {
  gallery: DrawnGallery = { names: [], photographs: 4, spread: 0.55 }
  refuses: Refusal | null = null
  /** Changes a measurement before it is given: a note, a correction, a refused calibration. */
  alter: (measurement: Measurement) => Measurement = (measurement) => measurement
  measureMs = 0
  cohorts: Cohort[] = []
  crop = new Uint8Array()
  choice: ThresholdChoice | null = null
  stale: string | null = null
  readonly #tell: Tell
  readonly cancelled = new Set<string>()
  readonly #drawn = new Map<string, Promise<DrawnMeasurement | Refusal>>()

  constructor(tell: Tell) {
    this.#tell = tell
  }

  /** Why a stricter threshold than the chosen one holds; null while the chosen one does. */
  stricter: string | null = null

  inForce(form: ThresholdInForce['form']): ThresholdInForce {
    if (this.choice?.form.form === form && this.stricter !== null) {
      const origin = { kind: 'card' as const, people: 2423, impostorPairs: 2_900_000, note: this.stricter }
      return { form, distance: 0.2, wantedFmr: 1e-5, origin: { ...origin, insteadOf: this.choice.threshold } }
    }
    if (this.choice?.form.form !== form)
      return {
        form,
        distance: 0.871,
        wantedFmr: 1e-3,
        origin: { kind: 'card', people: 2423, impostorPairs: 2_900_000, note: '' },
      }
    const { threshold, people, fmr, at, strangersInWords } = this.choice
    return {
      form,
      distance: threshold,
      wantedFmr: fmr.upper95,
      origin: {
        kind: 'tuned',
        people,
        pairs: fmr.comparisons,
        at,
        stale: this.stale,
        strangers: strangersInWords,
        note: '',
      },
    }
  }

  #measured({ form, strangers, burst }: Takes<'tune.measure'>) {
    const subject = { form, strangers, burst }
    const key = JSON.stringify([subject, this.gallery])
    const drawn = this.#drawn.get(key) ?? drawnMeasurement(this.gallery, subject, this.inForce(form))
    this.#drawn.set(key, drawn)
    return drawn
  }

  /** Own thresholds that are in force, by person. */
  readonly personal = new Map<number, PersonalChoice>()

  #proposals({ byPerson, everyone, form }: Measurement): { from: number; people: PersonalProposal[] } {
    const from = this.inForce(form.form).distance
    const people = byPerson.map(({ person, impostor, strangers }) => {
      const inForce = this.personal.get(person)
      const spreads = [
        { ...impostor, size: strangers },
        { ...everyone, size: everyone.pairs },
      ] as const
      return {
        person,
        own: personalThresholdOf(...spreads, from, 50, 'other people'),
        inForce: inForce ? { ...inForce, stale: this.stale } : null,
      }
    })
    return { from, people }
  }

  readonly answers: Answers = {
    'tune.measure': async (takes) => {
      const { job } = takes
      for (let waited = 0; waited < this.measureMs; waited += 50) {
        if (job && this.cancelled.has(job))
          return { kind: 'refused', reason: 'cancelled', message: 'The measurement was cancelled.' }
        if (job)
          this.#tell('progress', {
            job,
            done: waited,
            total: this.measureMs,
            remainingMs: this.measureMs - waited,
            what: 'Comparing everybody with everybody',
          })
        await new Promise((resume) => setTimeout(resume, 50))
      }
      if (this.refuses) return this.refuses
      if (this.gallery.names.length === 0)
        return {
          kind: 'refused',
          reason: 'nobody-enrolled',
          message: 'Nobody is enrolled yet, so there is nothing to measure. Enrol somebody first.',
        }
      const drawn = await this.#measured(takes)
      if (drawn.kind === 'refused') return drawn
      return this.alter({ ...drawn.measurement, inForce: this.inForce(takes.form) })
    },
    'tune.pairs': async ({ tail, limit, person, ...subject }) => {
      const drawn = await this.#measured(subject)
      if (drawn.kind === 'refused') return drawn
      const pairs = drawn.pairs[tail].filter(
        ({ probe, reference }) =>
          person === undefined || probe.person === person || reference.person === person,
      )
      return { kind: 'pairs', pairs: pairs.slice(0, limit) }
    },
    'tune.choose': async ({ wish, ...subject }) => {
      const drawn = await this.#measured(subject)
      if (drawn.kind === 'refused') return drawn
      const { compared, measurement } = drawn
      const chosen = chooseThreshold(compared, wish, { model: '', gallery: '', at: 0, cohort: '' })
      if (chosen.kind === 'refused') return chosen
      const { threshold } = chosen
      this.choice = {
        form: measurement.form,
        threshold,
        wish,
        model: measurement.model,
        gallery: 'a',
        at: Date.now(),
        people: measurement.people,
        strangerPeople: 0,
        pairsOfPeople: measurement.pairsOfPeople,
        strangers: subject.strangers,
        strangersInWords: measurement.strangersInWords,
        fmr: doubtedFmr(compared, threshold),
        fnmr: doubtedFnmr(compared, threshold),
        forecast: null,
      }
      return { kind: 'chosen', choice: this.choice, inForce: this.inForce(subject.form) }
    },
    'tune.choice': () => ({
      kind: 'choices',
      choices: this.choice ? [{ ...this.choice, stale: this.stale }] : [],
      inForce: (['photograph-photograph', 'photograph-template', 'burst-template'] as const).map((form) =>
        this.inForce(form),
      ),
    }),
    'tune.forget-choice': () => {
      this.choice = null
      return { kind: 'forgotten' }
    },
    'tune.personal': async (takes) => {
      const drawn = await this.#measured(takes)
      if (drawn.kind === 'refused') return drawn
      return { kind: 'personal', ...this.#proposals(drawn.measurement) }
    },
    'tune.choose-personal': async ({ person, ...takes }) => {
      const drawn = await this.#measured(takes)
      if (drawn.kind === 'refused') return drawn
      const { measurement } = drawn
      const { from, people } = this.#proposals(measurement)
      const { own } = people.find((each) => each.person === person)!
      const measured = measurement.byPerson.find((each) => each.person === person)!
      const { form, model, strangersInWords, everyone } = measurement
      const choice: PersonalChoice = {
        person,
        form,
        threshold: own.threshold,
        from,
        reason: own.reason,
        model,
        gallery: 'a',
        at: Date.now(),
        strangers: takes.strangers,
        strangersInWords,
        strangersCompared: measured.strangers,
        impostor: measured.impostor,
        everyone,
      }
      this.personal.set(person, choice)
      return { kind: 'chosen', choice }
    },
    'tune.forget-personal': ({ person }) => {
      this.personal.delete(person)
      return { kind: 'forgotten' }
    },
    'tune.normalisations': async ({ wantedFmr, form, burst }) => {
      const { names, photographs, spread } = this.gallery
      const { embeddings, photographs: rows } = syntheticGallery(
        Array<number>(names.length + 60).fill(photographs),
        24,
        spread,
        7,
      )
      const own = rows.slice(0, names.length)
      const plan =
        form === 'photograph-photograph'
          ? allPairsPlan(own)
          : leaveOneOutPlan(own, form === 'burst-template' ? burst : 1)
      return compareNormalisations(plan, embeddings, rows.slice(names.length), { wantedFmr })
    },
    'tune.not-same': () => ({ kind: 'marked' }),
    'tune.report': () => ({ kind: 'report', html: '<!doctype html><title>Report</title>', json: '{}' }),
    'cohort.list': () => this.cohorts,
    'cohort.begin': ({ name }) => {
      const cohort = this.cohorts.length + 1
      this.cohorts = [
        ...this.cohorts,
        { cohort, name, importedAt: Date.now(), people: 0, photographs: 0, mayTrain: false },
      ]
      return { kind: 'cohort', cohort }
    },
    'cohort.file': ({ cohort, stranger, fileName }) => {
      if (fileName.includes('blank'))
        return { kind: 'refused', reason: 'no-face', message: 'No face was found in this photograph.' }
      this.cohorts = this.cohorts.map((one) =>
        one.cohort === cohort
          ? { ...one, people: Math.max(one.people, stranger), photographs: one.photographs + 1 }
          : one,
      )
      return { kind: 'kept', photograph: cohort * 1000 + stranger }
    },
    'cohort.photograph': () => ({ kind: 'jpeg', jpeg: this.crop }),
    'cohort.drop': () => ({ kind: 'dropped' }),
    'cohort.remove': ({ cohort }) => {
      this.cohorts = this.cohorts.filter((one) => one.cohort !== cohort)
      return { kind: 'removed' }
    },
    'cohort.allow-training': ({ cohort, mayTrain }) => {
      this.cohorts = this.cohorts.map((one) => (one.cohort === cohort ? { ...one, mayTrain } : one))
      return { kind: 'set' }
    },
  }
}
