import { SvelteMap } from 'svelte/reactivity'
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
  /** What the user said to each attempt since the page was opened. */
  readonly #said = new SvelteMap<AttemptId, Keeping>()

  constructor(engine: Engine, notices: Notices) {
    this.#engine = engine
    this.#notices = notices
    // A forgotten person takes along what was kept of them.
    engine.on('gallery-changed', () => {
      const known = this.list !== null || this.#said.size > 0
      if (known) this.refresh().catch(() => {}) // asked again when the view is next entered
    })
  }

  async refresh() {
    const list = await this.#engine.call('hard-example.list', {})
    this.list = [...list].sort((a, b) => b.keptAt - a.keptAt)
    this.#forgetKept((id) => !list.some((one) => one.id === id))
  }

  /** Null where nothing was said to this attempt. */
  of(attempt: AttemptId): Keeping | null {
    return this.#said.get(attempt) ?? null
  }

  /** One question at a time; what was kept of other attempts can still be taken back. */
  ask(attempt: AttemptId) {
    for (const [other, { kind }] of this.#said)
      if (kind === 'asking' || kind === 'refused') this.#said.delete(other)
    this.#said.set(attempt, { kind: 'asking' })
  }

  decline(attempt: AttemptId) {
    this.#said.delete(attempt)
  }

  /** The person in the picture agrees. */
  async keep(attempt: AttemptId) {
    this.#said.set(attempt, { kind: 'keeping' })
    let keeping: Keeping
    try {
      const gives = await this.#engine.call('hard-example.keep', { attempt, consent: true })
      keeping = gives.kind === 'kept' ? gives : { kind: 'refused', message: gives.message }
    } catch (error) {
      keeping = { kind: 'refused', message: `It was not kept. ${failureWords(error)}` }
    }
    this.#said.set(attempt, keeping)
    if (this.list) await this.refresh().catch(() => {}) // read again when the view is next entered
  }

  /** As if it had never been kept. */
  async undo(attempt: AttemptId) {
    const said = this.#said.get(attempt)
    if (said?.kind === 'kept') await this.drop(said.id)
  }

  async drop(id: number): Promise<boolean> {
    const gives = await this.#notices.trying('It was not dropped.', () =>
      this.#engine.call('hard-example.drop', { id }),
    )
    if (gives?.kind === 'refused') this.#notices.problem(gives.message)
    if (gives?.kind !== 'dropped') return false
    this.list = this.list?.filter((one) => one.id !== id) ?? null
    this.#forgetKept((kept) => kept === id)
    return true
  }

  /** What is not kept any more cannot be taken back. */
  #forgetKept(isGone: (id: number) => boolean) {
    for (const [attempt, said] of this.#said)
      if (said.kind === 'kept' && isGone(said.id)) this.#said.delete(attempt)
  }

  /** Null where there is none any more. */
  async picture(id: number): Promise<Uint8Array | null> {
    const gives = await this.#engine.call('hard-example.picture', { id })
    return gives.kind === 'jpeg' ? gives.jpeg : null
  }
}
