import type {
  ComparisonForm,
  Cohort,
  Measurement,
  PersonId,
  Refusal,
  Strangers,
  ThresholdChoice,
  ThresholdInForce,
  Wish,
} from '../../src-main/contract.ts'
import { chooseThreshold } from '../../src-main/evaluation/choice.ts'
import type { Comparisons } from '../../src-main/evaluation/comparisons.ts'
import { boundedThreshold } from '../../src-main/evaluation/findings.ts'
import { forecastFmr } from '../../src-main/evaluation/forecast.ts'
import { unpackComparisons } from '../../src-main/evaluation/packed-comparisons.ts'
import { supportedFmr } from '../../src-main/evaluation/supported-rate.ts'
import { boundedTransaction, fnmrOfAcquired } from '../../src-main/evaluation/transaction.ts'
import type { Engine } from '../engine.ts'
import { offerFile } from '../offer-file.ts'
import { todayInFileName } from '../wording.ts'
import type { Announcer } from './announcer.svelte.ts'
import { MovingDoubt } from './moving-doubt.ts'
import { failureWords, type Notices } from './notices.svelte.ts'
import type { StatusState } from './status.svelte.ts'
import { TuningCohorts } from './tuning-cohorts.svelte.ts'
import { TuningNormalisations } from './tuning-normalisations.svelte.ts'
import { TuningPersonal } from './tuning-personal.svelte.ts'
import { TuningPairs } from './tuning-pairs.svelte.ts'
import type { People } from './people.svelte.ts'
import type { Photographs } from './photographs.svelte.ts'
import { sayRates } from '../tuning-words.ts'

export type TuningTab =
  'det' | 'threshold' | 'people' | 'pairs' | 'conditions' | 'calibration' | 'strangers' | 'report'

export interface JobProgress {
  what: string
  done: number
  total: number
  remainingMs: number | null
}

const slowMs = 300
const settleMs = 140 // without a move: then the exact bound is computed

/** One measurement of the gallery, the threshold that is moved over it, and the choice that is made of it. */
export class Tuning {
  readonly #engine: Engine
  readonly #notices: Notices
  readonly #announcer: Announcer
  readonly #status: StatusState
  readonly #people: People
  readonly #lockOut: () => number
  readonly pairs: TuningPairs
  readonly cohorts: TuningCohorts
  readonly personal: TuningPersonal
  readonly normalisations: TuningNormalisations

  tab = $state<TuningTab>('det')
  tailsEnlarged = $state(false)

  /** What is measured; null until it is known what verification uses. */
  form = $state<ComparisonForm | null>(null)
  strangers = $state.raw<Strangers>({ kind: 'gallery' })
  readonly subject = $derived({ form: this.form ?? 'burst-template', strangers: this.strangers, burst: 3 })

  measurement = $state.raw<Measurement | null>(null)
  #compared = $state.raw<Comparisons | null>(null)
  #doubt: MovingDoubt | null = null
  #preparing = new AbortController()
  /** Why there is nothing to show. */
  refusal = $state.raw<Refusal | null>(null)
  progress = $state.raw<JobProgress | null>(null)
  /** A measurement takes long enough to be told of. */
  slow = $state(false)
  /** The gallery has changed since. */
  outdated = $state(false)
  #evidence = ''
  #enrolled: PersonId[] = []
  #looking = false
  #job = ''
  #sideJob = ''

  threshold = $state(0)
  /** The threshold once it rests: what costs more than a frame is computed from it. */
  settled = $state(0)
  #settling: ReturnType<typeof setTimeout> | undefined

  /** How the threshold is to be chosen, and why that cannot be done. */
  wish = $state.raw<Wish>({ by: 'hand', threshold: 0 })
  wishRefusal = $state<string | null>(null)
  choosing = $state(false)
  /** What choosing or reporting has to do before it answers. */
  sideProgress = $state.raw<JobProgress | null>(null)
  choices = $state.raw<(ThresholdChoice & { stale: string | null })[]>([])
  inForce = $state.raw<ThresholdInForce[]>([])
  readonly choice = $derived(this.choices.find(({ form }) => form.form === this.form) ?? null)
  readonly inForceHere = $derived(this.inForce.find(({ form }) => form === this.form) ?? null)

  reporting = $state(false)

  readonly rates = $derived.by(() => {
    const doubt = this.#compared && this.#doubt
    if (!doubt) return null
    return this.threshold === this.settled ? doubt.exactAt(this.threshold) : doubt.quickAt(this.threshold)
  })
  /** Where strangers are virtual, the rate to expect of real ones: it stands in the measured one's place. */
  readonly forecast = $derived.by(() => {
    const correction = this.measurement?.correction
    return correction && this.#compared
      ? forecastFmr(correction, this.#compared.impostor, this.threshold)
      : null
  })
  /** The curves, and where strangers are virtual what is expected of real ones, no further than that was checked. */
  readonly curves = $derived.by(() => {
    const { findings, correction } = this.measurement ?? {}
    const impostor = this.#compared?.impostor
    if (!findings || !impostor) return { det: [], byThreshold: [] }
    if (!correction) return { det: findings.det, byThreshold: findings.byThreshold }
    const expected = <P extends { threshold: number; fmr: number }>(points: P[]) =>
      points.flatMap((point) => {
        const { fmr, worst, extrapolated } = forecastFmr(correction, impostor, point.threshold)
        return extrapolated ? [] : [{ ...point, fmr, fmrBand: { low: fmr, high: worst } }]
      })
    return { det: expected(findings.det), byThreshold: expected(findings.byThreshold) }
  })
  readonly spoken = $derived(
    this.rates ? sayRates(this.threshold, this.rates.fmr, this.rates.fnmr, this.forecast) : '',
  )
  /** What rate so many people could support, where it is less than the one that is wanted here. */
  readonly support = $derived.by(() => {
    const wanted = this.wish.by === 'fmr' ? this.wish.fmr : (this.#status.now?.threshold.wantedFmr ?? 1e-3)
    if (!this.#compared || this.measurement?.correction) return null
    const { supported, sentence } = supportedFmr(this.#compared.people, wanted, this.#compared)
    return supported ? null : sentence
  })
  /** Everybody who was measured, with a threshold of their own once it is proposed. */
  readonly people = $derived.by(() => {
    const proposals = Object.fromEntries(this.personal.proposals.map((each) => [each.person, each]))
    return (this.measurement?.byPerson ?? []).map((person) => ({
      ...person,
      proposal: proposals[person.person] ?? null,
    }))
  })
  /** How many attempts a transaction has; null until the user says so: then as many as lock a person. */
  attempts = $state<number | null>(null)
  readonly transaction = $derived.by(() => {
    const [rates, measurement] = [this.rates, this.measurement]
    if (!rates || !measurement || this.forecast?.extrapolated) return null
    const failures = this.#compared?.genuine.failures ?? 0
    return boundedTransaction({
      fmr: this.forecast ? { rate: this.forecast.fmr, upper95: this.forecast.worst } : rates.fmr,
      fnmr: fnmrOfAcquired(rates.fnmr, failures),
      acquisition: measurement.acquisition,
      attempts: this.attempts ?? this.#lockOut(),
    })
  })

  constructor(
    engine: Engine,
    people: People,
    photographs: Photographs,
    status: StatusState,
    notices: Notices,
    announcer: Announcer,
    lockOut: () => number,
  ) {
    this.#lockOut = lockOut
    this.#engine = engine
    this.#notices = notices
    this.#announcer = announcer
    this.#status = status
    this.#people = people
    this.pairs = new TuningPairs(engine, photographs, notices, () => (this.outdated = true))
    this.cohorts = new TuningCohorts(engine, notices)
    this.personal = new TuningPersonal(engine, notices)
    this.normalisations = new TuningNormalisations(engine, notices)
    engine.on('progress', ({ job, done, total, remainingMs, what }) => {
      if (job === this.#job) this.progress = { what, done, total, remainingMs }
      if (job === this.#sideJob) this.sideProgress = { what, done, total, remainingMs }
    })
    engine.on('gallery-changed', () => void this.#hearOfChange())
  }

  /** When the view is entered: measured once, and again where there was nothing to measure before. */
  async enter() {
    this.#looking = true
    this.form ??= this.#status.now?.threshold.form ?? null
    await Promise.allSettled([this.refreshChoices(), this.cohorts.refresh()])
    this.form ??= 'burst-template'
    if (!this.progress && (!this.measurement || this.outdated) && !(this.refusal && !this.outdated))
      await this.measure()
  }

  /** The engine also tells of a chosen threshold, which changes nothing that was measured. */
  async #hearOfChange() {
    if (!this.measurement && !this.refusal) return
    await Promise.allSettled([this.#people.refresh(), this.cohorts.refresh(), this.refreshChoices()])
    if (this.progress || this.#evidenceNow() === this.#evidence) return
    this.outdated = true
    if (this.#enrolled.every((person) => this.#people.one(person) !== null)) return
    // Nothing of a forgotten person stays in the page's memory.
    this.#forget()
    this.pairs.forget()
    if (this.#looking) await this.measure()
  }

  /** When the view is left: then nothing is measured without being asked for. */
  leave() {
    this.#looking = false
  }

  /** Changes with who is enrolled or imported, and with which photographs. */
  #evidenceNow(): string {
    return JSON.stringify([
      (this.#people.list ?? []).map(({ person, photographs, bestPhotograph, quality }) => [
        person,
        photographs,
        bestPhotograph,
        quality,
      ]),
      this.cohorts.list.map(({ cohort, photographs }) => [cohort, photographs]),
    ])
  }

  async refreshChoices() {
    const gives = await this.#engine.call('tune.choice', {})
    this.choices = gives.choices
    this.inForce = gives.inForce
  }

  async measureForm(form: ComparisonForm) {
    this.form = form
    await this.measure()
  }

  async measureStrangers(strangers: Strangers) {
    this.strangers = strangers
    await this.measure()
  }

  async measure() {
    if (this.progress) void this.#cancelJob(this.#job)
    const job = crypto.randomUUID()
    this.#job = job
    this.progress = { what: 'Measuring', done: 0, total: 0, remainingMs: null }
    this.slow = false
    const slow = setTimeout(() => (this.slow = true), slowMs)
    await Promise.allSettled([this.#people.refresh(), this.cohorts.refresh()])
    this.#evidence = this.#evidenceNow()
    this.#enrolled = (this.#people.list ?? []).map(({ person }) => person)
    const gives = await this.#engine
      .call('tune.measure', { ...this.subject, job })
      .catch((error: unknown): Refusal => ({
        kind: 'refused',
        reason: 'fault',
        message: `Nothing was measured. ${failureWords(error)}`,
      }))
    clearTimeout(slow)
    if (job !== this.#job) return // cancelled, or another was begun meanwhile
    this.progress = null
    this.#take(gives)
  }

  /** What was measured before stays. */
  async cancel() {
    const job = this.#job
    this.#job = ''
    this.progress = null
    if (this.measurement) {
      this.form = this.measurement.form.form
      this.strangers = this.measurement.strangers
    } else this.refusal = { kind: 'refused', reason: 'cancelled', message: 'The measurement was cancelled.' }
    await this.#cancelJob(job)
  }

  async cancelSide() {
    await this.#cancelJob(this.#sideJob)
  }

  async #cancelJob(job: string) {
    await this.#notices.trying('It could not be cancelled.', () => this.#engine.call('job.cancel', { job }))
  }

  #take(gives: Measurement | Refusal) {
    this.outdated = false
    this.#preparing.abort()
    this.#preparing = new AbortController()
    if (gives.kind === 'refused') {
      this.#forget()
      this.refusal = gives
      return
    }
    const compared = unpackComparisons(gives.comparisons)
    this.#doubt = new MovingDoubt(compared)
    this.#compared = compared
    this.refusal = null
    const again = this.measurement?.form.form === gives.form.form
    this.measurement = gives
    this.inForce = [...this.inForce.filter(({ form }) => form !== gives.form.form), gives.inForce]
    if (again) this.propose(this.wish)
    else this.propose({ by: 'hand', threshold: gives.inForce.distance })
    void this.#doubt.prepare(this.#preparing.signal)
    this.normalisations.forget()
    void this.personal.refresh(this.subject)
    if (this.pairs.tail) void this.pairs.show(this.subject, this.pairs.tail, this.pairs.person)
  }

  #forget() {
    this.#preparing.abort()
    this.measurement = null
    this.#doubt = null
    this.#compared = null
    this.personal.forget()
    this.normalisations.forget()
    this.refusal = null
  }

  // ─── the threshold ───

  /** By hand: the line follows at once, the exact bound when it rests. */
  move(threshold: number) {
    this.threshold = threshold
    this.wish = { by: 'hand', threshold }
    this.wishRefusal = null
    clearTimeout(this.#settling)
    this.#settling = setTimeout(() => (this.settled = threshold), settleMs)
  }

  #rest(threshold: number) {
    clearTimeout(this.#settling)
    this.threshold = threshold
    this.settled = threshold
  }

  /** Moves the line to where the wish puts it; computed here, by what the engine computes it with. */
  propose(wish: Wish) {
    this.wish = wish
    this.wishRefusal = null
    const [compared, measurement] = [this.#compared, this.measurement]
    if (!compared || !measurement) return
    const found = this.#thresholdFor(wish, compared, measurement)
    if (typeof found === 'number') this.#rest(found)
    else this.wishRefusal = found.message
  }

  #thresholdFor(wish: Wish, compared: Comparisons, { correction, findings }: Measurement) {
    if (wish.by === 'fmr') return boundedThreshold(compared, wish.fmr, correction)
    if (wish.by === 'eer') return findings.eer.threshold
    const choice = chooseThreshold(compared, wish, { model: '', gallery: '', at: 0, cohort: '' })
    return choice.kind === 'refused' ? choice : choice.threshold
  }

  async choose() {
    this.choosing = true
    const gives = await this.#aside('The threshold was not changed.', (job) =>
      this.#engine.call('tune.choose', { ...this.subject, wish: this.wish, job }),
    )
    this.choosing = false
    if (!gives) return
    if (gives.kind === 'refused') {
      this.wishRefusal = gives.message
      this.#announcer.say(gives.message)
      return
    }
    this.#rest(gives.choice.threshold)
    await this.#afterChoice()
    const { origin } = gives.inForce
    this.#notices.done(
      origin.kind === 'tuned'
        ? 'The threshold is in use from now on, in every window and on the command line.'
        : `The threshold is stored, but a stricter one is in use. ${origin.note}`,
    )
  }

  async forgetChoice() {
    const form = this.form
    if (!form) return
    const gives = await this.#notices.trying('The choice was not taken back.', () =>
      this.#engine.call('tune.forget-choice', { form }),
    )
    if (gives?.kind === 'refused') this.#notices.problem(gives.message)
    await this.#afterChoice()
  }

  /** Everybody's own threshold is moved from the one in force. */
  async #afterChoice() {
    await Promise.allSettled([
      this.refreshChoices(),
      this.#status.refresh(),
      ...(this.measurement ? [this.personal.refresh(this.subject)] : []),
    ])
  }

  // ─── what leads elsewhere ───

  async look(tail: 'alike-strangers' | 'unlike-photographs', person: number | null = null) {
    this.tab = 'pairs'
    await this.pairs.show(this.subject, tail, person)
  }

  async report(format: 'html' | 'json', photographs: boolean) {
    this.reporting = true
    const gives = await this.#aside('There is no report.', (job) =>
      this.#engine.call('tune.report', { ...this.subject, threshold: this.settled, photographs, job }),
    )
    this.reporting = false
    if (!gives) return
    if (gives.kind === 'refused') return this.#notices.problem(gives.message)
    const name = `threshold-${todayInFileName()}.${format}`
    offerFile(name, gives[format], format === 'html' ? 'text/html' : 'application/json')
  }

  /** A call beside the measurement, with progress and cancel of its own. */
  async #aside<T>(whatFailed: string, call: (job: string) => Promise<T>): Promise<T | null> {
    const job = crypto.randomUUID()
    this.#sideJob = job
    const gives = await this.#notices.trying(whatFailed, () => call(job))
    if (job === this.#sideJob) this.sideProgress = null
    return gives
  }
}

/** Who can stand for strangers, as the choice offers them. */
export function strangersItems(cohorts: Cohort[]): { value: string; label: string; strangers: Strangers }[] {
  const item = (strangers: Strangers, label: string) => ({ value: keyOf(strangers), label, strangers })
  return [
    item({ kind: 'gallery' }, 'Each other'),
    ...cohorts.map(({ cohort, name, people }) =>
      item({ kind: 'cohort', cohort }, `${name} (${people} people)`),
    ),
    ...(cohorts.length > 1 ? [item({ kind: 'cohort', cohort: null }, 'All imported strangers')] : []),
    item({ kind: 'virtual' }, 'Virtual strangers'),
  ]
}

export const keyOf = (strangers: Strangers) =>
  strangers.kind === 'cohort' ? `cohort-${strangers.cohort ?? 'all'}` : strangers.kind
