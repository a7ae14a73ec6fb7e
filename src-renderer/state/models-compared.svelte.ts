import type {
  CandidateReport,
  EmbeddingMap,
  ModelComparison,
  PersonId,
  PhotographId,
  Refusal,
} from '../../src-main/contract.ts'
import type { BandedPoint } from '../../src-main/evaluation/banded-det.ts'
import type { Comparisons } from '../../src-main/evaluation/comparisons.ts'
import { contrastOf, histogramOf, type Histogram } from '../../src-main/evaluation/contrast.ts'
import { doubtedFmr, doubtedFnmr, type DoubtedRate } from '../../src-main/evaluation/doubt.ts'
import { equalErrorRate } from '../../src-main/evaluation/error-rates.ts'
import { unpackComparisons } from '../../src-main/evaluation/packed-comparisons.ts'
import type { Engine } from '../engine.ts'
import type { Models } from './models.svelte.ts'
import { failureWords, type Notices } from './notices.svelte.ts'
import type { People } from './people.svelte.ts'
import type { JobProgress } from './tuning.svelte.ts'

/** One model on one set of comparisons, as the charts and the table take it. */
export interface Side {
  threshold: number
  histograms: { genuine: Histogram; impostor: Histogram }
  det: BandedPoint[]
  fmr: DoubtedRate
  fnmr: DoubtedRate
  eer: number
  dPrime: number
}

const bins = 128 // over 0–2

/** Two models side by side: what the gate said of the newer one, and both on the gallery as it is now. */
export class ModelsCompared {
  readonly #engine: Engine
  readonly #models: Models
  readonly #people: People
  readonly #notices: Notices

  after = $state<string | null>(null)
  before = $state<string | null>(null)
  /** Null where there is none: of the pre-trained one, or before it has come. */
  report = $state.raw<CandidateReport | null>(null)
  reportRefusal = $state<string | null>(null)
  comparison = $state.raw<ModelComparison | null>(null)
  comparisonRefusal = $state<string | null>(null)
  map = $state.raw<EmbeddingMap | null>(null)
  mapRefusal = $state<string | null>(null)
  progress = $state.raw<JobProgress | null>(null)
  #job = ''

  /** Which impostors are shown: place in `comparison.comparisons`. */
  impostors = $state(0)
  readonly sides = $derived.by(() => {
    const shown = this.comparison?.comparisons[this.impostors]
    return shown
      ? {
          before: sideOf(unpackComparisons(shown.before), shown.threshold.before, shown.det.before),
          after: sideOf(unpackComparisons(shown.after), shown.threshold.after, shown.det.after),
        }
      : null
  })

  /** Who, and which photograph, is looked at in the map. */
  person = $state<PersonId | null>(null)
  photograph = $state<PhotographId | null>(null)
  /** Whom the pointer or the focus is on. */
  hovered = $state<PersonId | null>(null)

  constructor(engine: Engine, models: Models, people: People, notices: Notices) {
    this.#engine = engine
    this.#models = models
    this.#people = people
    this.#notices = notices
    engine.on('progress', ({ job, done, total, remainingMs, what }) => {
      if (job === this.#job) this.progress = { what, done, total, remainingMs }
    })
    engine.on('gallery-changed', () => void this.#hearOfChange())
  }

  /** With one version: its report, and it against what it was made from. */
  async show(after: string, before: string | null) {
    if (after === this.after && (before === null ? this.report !== null : before === this.before)) return
    this.#clear()
    this.after = after
    this.before = before
    if (!this.#models.list) await this.#models.refresh().catch(() => {}) // then the parent is not known
    const model = this.#models.one(after)
    const against = before ?? this.#against(model?.retrained?.parent ?? null)
    this.before = against
    await Promise.all([
      model?.retrained || !model ? this.#askReport(after) : null,
      against ? this.#compare(against, after) : null,
    ])
  }

  /** The report has changed, and with it the threshold that the newer one would decide by. */
  async judgedAgain() {
    const after = this.after
    this.#clear()
    if (after !== null) await this.show(after, null)
  }

  /** Nothing of a forgotten person stays in the page's memory. */
  async #hearOfChange() {
    if (this.after === null || !this.comparison) return
    await this.#people.refresh().catch(() => {}) // asked again by whoever shows it
    const known = [...this.comparison.people, ...(this.map?.points ?? [])]
    if (known.every(({ person }) => this.#people.one(person) !== null)) return
    const [after, before] = [this.after, this.before]
    this.#clear()
    if (window.location.hash.startsWith('#/retrain/')) await this.show(after, before)
  }

  #clear() {
    void this.cancel()
    this.after = this.before = null
    this.report = this.comparison = this.map = null
    this.reportRefusal = this.comparisonRefusal = this.mapRefusal = null
    this.person = this.photograph = this.hovered = null
    this.impostors = 0
  }

  /** What it was made from; the model in use where that is deleted. */
  #against(parent: string | null): string | null {
    const found = this.#models.one(parent) ?? this.#models.inUse
    return found && found.version !== this.after ? found.version : null
  }

  async #askReport(version: string) {
    const gives = await this.#engine.call('models.report', { version }).catch(refusalOf)
    if (version !== this.after) return
    if (gives.kind === 'report') this.report = gives
    else this.reportRefusal = gives.message
  }

  async #compare(before: string, after: string) {
    const job = crypto.randomUUID()
    this.#job = job
    this.progress = { what: 'Comparing both models', done: 0, total: 0, remainingMs: null }
    const comparison = await this.#engine.call('models.compare', { before, after, job }).catch(refusalOf)
    if (job !== this.#job) return
    if (comparison.kind === 'comparison') this.comparison = comparison
    else this.comparisonRefusal = comparison.message
    const map = await this.#engine.call('models.map', { before, after, job }).catch(refusalOf)
    if (job !== this.#job) return
    if (map.kind === 'map') this.map = map
    else this.mapRefusal = map.message
    this.#job = ''
    this.progress = null
  }

  async cancel() {
    const job = this.#job
    if (job === '') return
    this.#job = ''
    this.progress = null
    if (!this.comparison) this.comparisonRefusal = 'The comparison was cancelled.'
    if (!this.map) this.mapRefusal = 'The map was cancelled.'
    await this.#notices.trying('It could not be cancelled.', () => this.#engine.call('job.cancel', { job }))
  }

  async again() {
    if (this.before === null || this.after === null) return
    this.comparisonRefusal = this.mapRefusal = null
    await this.#compare(this.before, this.after)
  }

  /** A person, or nobody where they were looked at already; and one of their photographs. */
  look(person: PersonId | null, photograph: PhotographId | null = null) {
    this.person = person
    this.photograph =
      photograph ?? this.map?.points.find((point) => point.person === person)?.photograph ?? null
  }
}

const refusalOf = (error: unknown): Refusal => ({
  kind: 'refused',
  reason: 'fault',
  message: failureWords(error),
})

function sideOf(compared: Comparisons, threshold: number, det: BandedPoint[]): Side {
  return {
    threshold,
    histograms: {
      genuine: histogramOf(compared.genuine, bins),
      impostor: histogramOf(compared.impostor, bins),
    },
    det,
    fmr: doubtedFmr(compared, threshold),
    fnmr: doubtedFnmr(compared, threshold),
    eer: equalErrorRate(compared).rate,
    dPrime: contrastOf(compared).dPrime,
  }
}
