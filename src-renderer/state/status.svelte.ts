import type { Status } from '../../src-main/contract.ts'
import type { Connection, Engine } from '../engine.ts'
import { rateWords } from '../wording.ts'

/** What the engine says of itself, and whether it can be reached at all. */
export class StatusState {
  readonly #engine: Engine
  connection = $state.raw<Connection>({ kind: 'connecting' })
  now = $state.raw<Status | null>(null)

  /** Where the threshold in force comes from, in a sentence. */
  readonly thresholdOrigin = $derived.by(() => {
    if (!this.now) return ''
    const { origin, wantedFmr } = this.now.threshold
    if (origin.kind === 'card' && origin.insteadOf !== undefined)
      return `From the model’s card for ${rateWords(wantedFmr)}: stricter than what was chosen here.`
    if (origin.kind === 'card')
      return `From the model’s card for ${rateWords(wantedFmr)}; not tuned here yet.`
    return origin.stale ?? `Tuned here on ${origin.people} people for ${rateWords(wantedFmr)}.`
  })

  constructor(engine: Engine) {
    this.#engine = engine
    engine.watch((connection) => (this.connection = connection))
    engine.on('status-changed', (status) => (this.now = status))
  }

  async refresh() {
    this.now = await this.#engine.call('status', {})
  }

  reconnect() {
    this.#engine.reconnect()
  }
}
