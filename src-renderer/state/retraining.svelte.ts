import type {
  ProcessorTried,
  Refusal,
  RetrainOptions,
  RetrainPlan,
  RetrainRun,
  RetrainWish,
} from '../../src-main/contract.ts'
import type { Engine } from '../engine.ts'
import type { Announcer } from './announcer.svelte.ts'
import type { Models } from './models.svelte.ts'
import { failureWords, type Notices } from './notices.svelte.ts'
import type { HardExamples } from './retraining-hard-examples.svelte.ts'
import type { JobProgress } from './tuning.svelte.ts'

export type RetrainTab = 'versions' | 'processors' | 'hard-examples'

const settleMs = 250 // after a number was typed, before it is planned with

/** What would be run, what runs, wherever it was started, and what can run it. */
export class Retraining {
  readonly #engine: Engine
  readonly #notices: Notices
  readonly #announcer: Announcer
  readonly #models: Models
  readonly #hardExamples: HardExamples

  tab = $state<RetrainTab>('versions')
  /** Everything beyond the depth is shown. */
  more = $state(false)

  options = $state.raw<RetrainOptions | null>(null)
  /** Null until it is known what is usual here. */
  wish = $state.raw<RetrainWish | null>(null)
  plan = $state.raw<RetrainPlan | null>(null)
  /** Why nothing can be said about a run. */
  refusal = $state.raw<Refusal | null>(null)
  planning = $state(false)
  #settling: ReturnType<typeof setTimeout> | undefined
  #planned = 0

  run = $state.raw<RetrainRun | null>(null)
  readonly going = $derived(this.run?.state === 'running' ? this.run : null)
  beginning = $state(false)
  cancelling = $state(false)
  /** Why the button did not begin a run. */
  beginProblem = $state<string | null>(null)
  /** A run that ended without a candidate, and was read. */
  #dismissed = $state<number | null>(null)
  readonly ended = $derived(
    this.run && this.run.state !== 'running' && this.run.run !== this.#dismissed ? this.run : null,
  )

  processors = $state.raw<ProcessorTried[]>([])
  trying = $state.raw<JobProgress | null>(null)
  #job = ''

  constructor(
    engine: Engine,
    models: Models,
    hardExamples: HardExamples,
    notices: Notices,
    announcer: Announcer,
  ) {
    this.#engine = engine
    this.#models = models
    this.#hardExamples = hardExamples
    this.#notices = notices
    this.#announcer = announcer
    engine.on('retrain-changed', (run) => this.#hear(run))
    engine.on('progress', ({ job, done, total, remainingMs, what }) => {
      if (job === this.#job) this.trying = { what, done, total, remainingMs }
    })
  }

  /** What the rail shows from the first moment on. */
  async refresh() {
    const run = await this.#engine.call('retrain.run', {})
    if (run) this.#hear(run)
    else this.run = null
  }

  /** When the view is entered. */
  async enter() {
    const answers = await Promise.allSettled([
      this.#engine.call('retrain.options', {}),
      this.refresh(),
      this.#models.refresh(),
      this.#hardExamples.refresh(),
    ])
    const [options] = answers
    if (options.status === 'fulfilled') {
      this.options = options.value
      this.processors = options.value.processors
      this.wish ??= options.value.usual
      await this.replan()
    } else
      this.refusal = {
        kind: 'refused',
        reason: 'fault',
        message: `It is not known what can be retrained here. ${failureWords(options.reason)}`,
      }
  }

  // ─── the plan ───

  /** Changes what would be run; `settle` where the user may still be typing. */
  change(change: Partial<RetrainWish>, settle = false) {
    if (!this.wish) return
    this.wish = { ...this.wish, ...change }
    this.beginProblem = null
    clearTimeout(this.#settling)
    if (settle) this.#settling = setTimeout(() => void this.replan(), settleMs)
    else void this.replan()
  }

  /** A loss comes with the miner that is usual for it. */
  changeLoss(loss: string | null) {
    this.change({ loss, miner: null })
  }

  usual() {
    if (this.options) this.change(this.options.usual)
  }

  async replan() {
    const wish = this.wish
    if (!wish) return
    const asked = ++this.#planned
    this.planning = true
    const gives = await this.#engine.call('retrain.plan', wish).catch((error: unknown): Refusal => ({
      kind: 'refused',
      reason: 'fault',
      message: `No plan could be made. ${failureWords(error)}`,
    }))
    if (asked !== this.#planned) return
    this.planning = false
    this.plan = gives.kind === 'plan' ? gives : null
    this.refusal = gives.kind === 'refused' ? gives : null
  }

  // ─── the run ───

  async begin() {
    const wish = this.wish
    if (!wish || this.beginning || this.going) return
    this.beginning = true
    this.beginProblem = null
    const gives = await this.#engine.call('retrain.begin', wish).catch((error: unknown): Refusal => ({
      kind: 'refused',
      reason: 'fault',
      message: `The run was not begun. ${failureWords(error)}`,
    }))
    if (gives.kind === 'refused') {
      this.beginProblem = gives.message
      this.#announcer.say(gives.message)
    } else this.#announcer.say('Retraining has begun.')
    await this.refresh().catch(() => {}) // the run is told of by an event too
    this.beginning = false
  }

  async cancel() {
    const run = this.going?.run
    if (run === undefined) return
    this.cancelling = true
    const gives = await this.#notices.trying('The run was not cancelled.', () =>
      this.#engine.call('retrain.cancel', { run }),
    )
    if (gives?.kind === 'refused') this.#notices.problem(gives.message)
    await this.refresh().catch(() => {})
    this.cancelling = false
  }

  /** The card of a run that ended goes away; what it left stays in the list of versions. */
  dismiss() {
    this.#dismissed = this.run?.run ?? null
  }

  #hear(run: RetrainRun) {
    const before = this.run
    // Events and answers cross: an end is not taken back by an older word.
    if (before?.run === run.run && before.state !== 'running' && run.state === 'running') return
    this.run = run
    if (run.state === 'running' || before?.run !== run.run || before.state !== 'running') return
    void this.#end(run)
  }

  async #end(run: RetrainRun) {
    await Promise.allSettled([this.#models.refresh(), this.replan()])
    const made = this.#models.one(run.candidate)
    const sentence =
      run.state === 'done'
        ? `Retraining is done. ${made?.retrained?.sentence ?? ''}`
        : run.state === 'cancelled'
          ? 'Retraining was cancelled. Nothing was changed.'
          : `Retraining failed. ${run.message ?? ''}`
    this.#announcer.say(sentence)
  }

  // ─── processors ───

  async tryProcessors() {
    const job = crypto.randomUUID()
    this.#job = job
    this.trying = { what: 'Timing a step on each processor', done: 0, total: 0, remainingMs: null }
    const gives = await this.#notices.trying('The processors were not tried.', () =>
      this.#engine.call('retrain.processors', { job }),
    )
    if (job !== this.#job) return // cancelled
    this.trying = null
    if (!gives) return
    this.processors = gives.processors
    this.#announcer.say('The processors were tried.')
    await this.replan()
  }

  async cancelTrying() {
    const job = this.#job
    this.#job = ''
    this.trying = null
    await this.#notices.trying('It could not be cancelled.', () => this.#engine.call('job.cancel', { job }))
  }
}
