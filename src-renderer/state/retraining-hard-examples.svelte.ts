import type { AttemptId, HardExample } from '../../src-main/contract.ts'
import type { Engine } from '../engine.ts'
import { failureWords, type Notices } from './notices.svelte.ts'

/** How far one attempt's "Not them" has come. */
export type Keeping =
  | { kind: 'asking' }
  | { kind: 'keeping' }
  | { kind: 'kept'; id: number }
  | { kind: 'refused'; message: string }

/** Probes that were decided wrongly, kept with consent for the next run. */
export class HardExamples {
  readonly #engine: Engine
  readonly #notices: Notices

  /** Newest first; null until the engine has answered once. */
  list = $state.raw<HardExample[] | null>(null)
  /** The attempt that is being looked at, and what the user said to it. */
  attempt = $state<AttemptId | null>(null)
  keeping = $state.raw<Keeping | null>(null)

  constructor(engine: Engine, notices: Notices) {
    this.#engine = engine
    this.#notices = notices
    // A forgotten person takes along what was kept of them.
    engine.on('gallery-changed', () => {
      if (this.list) this.refresh().catch(() => {}) // asked again when the view is next entered
    })
  }

  async refresh() {
    const list = await this.#engine.call('hard-example.list', {})
    this.list = [...list].sort((a, b) => b.keptAt - a.keptAt)
  }

  /** What was said to this attempt; another attempt has been told nothing yet. */
  of(attempt: AttemptId): Keeping | null {
    return attempt === this.attempt ? this.keeping : null
  }

  ask(attempt: AttemptId) {
    this.attempt = attempt
    this.keeping = { kind: 'asking' }
  }

  decline() {
    this.keeping = null
  }

  /** The person in the picture agrees. */
  async keep() {
    const attempt = this.attempt
    if (attempt === null) return
    this.keeping = { kind: 'keeping' }
    let keeping: Keeping
    try {
      const gives = await this.#engine.call('hard-example.keep', { attempt, consent: true })
      keeping = gives.kind === 'kept' ? gives : { kind: 'refused', message: gives.message }
    } catch (error) {
      keeping = { kind: 'refused', message: `It was not kept. ${failureWords(error)}` }
    }
    if (attempt === this.attempt) this.keeping = keeping
    if (this.list) await this.refresh().catch(() => {}) // read again when the view is next entered
  }

  /** As if it had never been kept. */
  async undo() {
    if (this.keeping?.kind !== 'kept') return
    if (await this.drop(this.keeping.id)) this.keeping = null
  }

  async drop(id: number): Promise<boolean> {
    const gives = await this.#notices.trying('It was not dropped.', () =>
      this.#engine.call('hard-example.drop', { id }),
    )
    if (gives?.kind === 'refused') this.#notices.problem(gives.message)
    if (gives?.kind !== 'dropped') return false
    this.list = this.list?.filter((one) => one.id !== id) ?? null
    return true
  }

  /** Null where there is none any more. */
  async picture(id: number): Promise<Uint8Array | null> {
    const gives = await this.#engine.call('hard-example.picture', { id })
    return gives.kind === 'jpeg' ? gives.jpeg : null
  }
}
