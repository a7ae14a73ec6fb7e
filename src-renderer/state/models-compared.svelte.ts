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
  /** The other version that was asked for; null where it is to be what the report compares with. */
  #wished: string | null = null
  /** Changes whenever what is shown is cleared: what was asked before then is not shown after it. */
  #turn = 0
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

  /** With one version: its report, and it against the model that the report compares it with. */
  async show(after: string, before: string | null) {
    const isShown =
      after === this.after &&
      (before === null ? this.#wished === null && this.report !== null : before === this.before)
    if (isShown) return this.#hearOfChange() // while the line was down it may have changed unheard
    this.#clear()
    this.after = after
    this.before = this.#wished = before
    if (!this.#models.list) await this.#models.refresh().catch(() => {}) // then what it was judged against is not known
    const model = this.#models.one(after)
    const against = before ?? this.#against(model?.retrained?.judgedAgainst ?? null)
    this.before = against
    await Promise.all([
      model?.retrained || !model ? this.#askReport(after) : null,
      against ? this.#compare(against, after) : null,
    ])
  }

  /** Nothing of a forgotten person stays in the page's memory, nor a report from before a model was judged again. */
  async #hearOfChange() {
    const turn = this.#turn
    const [isJudgedAgain, hasForgotten] = await Promise.all([this.#isJudgedAgain(), this.#showsForgotten()])
    if (!isJudgedAgain && !hasForgotten) return
    await this.#models.refresh().catch(() => {}) // then it stands beside what it stood beside
    const [after, wished] = [this.after, this.#wished]
    if (after === null || turn !== this.#turn) return
    this.#clear()
    if (window.location.hash.startsWith('#/retrain/')) await this.show(after, wished)
  }

  /** By whomever: here, in another window or on the command line. A run that made it once more has judged it too. */
  async #isJudgedAgain(): Promise<boolean> {
    const [version, shown] = [this.after, this.report]
    if (version === null || shown === null) return false
    const now = await this.#engine.call('models.report', { version }).catch(refusalOf)
    return now.kind === 'report' && judgedAt(now) !== judgedAt(shown)
  }

  async #showsForgotten(): Promise<boolean> {
    if (!this.comparison) return false
    await this.#people.refresh().catch(() => {}) // asked again by whoever shows it
    const known = [...(this.comparison?.people ?? []), ...(this.map?.points ?? [])]
    return known.some(({ person }) => this.#people.one(person) === null)
  }

  #clear() {
    this.#turn++
    void this.cancel()
    this.after = this.before = this.#wished = null
    this.report = this.comparison = this.map = null
    this.reportRefusal = this.comparisonRefusal = this.mapRefusal = null
    this.person = this.photograph = this.hovered = null
    this.impostors = 0
  }

  /** What it was judged against; the model in use where that is deleted. */
  #against(judgedAgainst: string | null): string | null {
    const found = this.#models.one(judgedAgainst) ?? this.#models.inUse
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

const judgedAt = ({ judgedAgainAt, model }: CandidateReport) =>
  judgedAgainAt ?? model.retrained?.madeAt ?? null

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
