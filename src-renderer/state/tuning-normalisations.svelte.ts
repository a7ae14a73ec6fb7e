import type { Refusal, TuningSubject } from '../../src-main/contract.ts'
import type { NormalisationComparison } from '../../src-main/evaluation/normalisation-comparison.ts'
import type { Engine } from '../engine.ts'
import type { Notices } from './notices.svelte.ts'
import type { JobProgress } from './tuning.svelte.ts'

/** Whether distances normalised by the imported strangers tell people apart better: looked at when it is asked for. */
export class TuningNormalisations {
  readonly #engine: Engine
  readonly #notices: Notices
  found = $state.raw<NormalisationComparison | Refusal | null>(null)
  progress = $state.raw<JobProgress | null>(null)
  #job = ''

  constructor(engine: Engine, notices: Notices) {
    this.#engine = engine
    this.#notices = notices
    engine.on('progress', ({ job, done, total, remainingMs, what }) => {
      if (job === this.#job) this.progress = { what, done, total, remainingMs }
    })
  }

  async compare(subject: TuningSubject, wantedFmr: number) {
    const job = crypto.randomUUID()
    this.#job = job
    this.progress = { what: 'Comparing ways to normalise', done: 0, total: 0, remainingMs: null }
    const gives = await this.#notices.trying('Nothing was compared.', () =>
      this.#engine.call('tune.normalisations', { ...subject, wantedFmr, job }),
    )
    if (job !== this.#job) return // forgotten meanwhile
    this.progress = null
    this.found = gives && gives.kind === 'refused' && gives.reason === 'cancelled' ? null : gives
  }

  async cancel() {
    const job = this.#job
    await this.#notices.trying('It could not be cancelled.', () => this.#engine.call('job.cancel', { job }))
  }

  /** Of another measurement it says nothing. */
  forget() {
    if (this.progress) void this.cancel()
    this.#job = ''
    this.progress = null
    this.found = null
  }
}
