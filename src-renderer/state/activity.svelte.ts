import type { AttemptOutcome, ListedAttempt, ModelEvent } from '../../src-main/contract.ts'
import type { Engine } from '../engine.ts'
import { offerFile } from '../offer-file.ts'
import { todayInFileName } from '../wording.ts'
import type { Notices } from './notices.svelte.ts'

const pageSize = 200

export const periods = { all: 'Any time', day: 'Last 24 hours', week: 'Last 7 days' } as const
export type Period = keyof typeof periods
const periodMs: Record<Period, number> = { all: Infinity, day: 86_400_000, week: 7 * 86_400_000 }

/** The audit log, newest first, and what of it is shown. */
export class Activity {
  readonly #engine: Engine
  readonly #notices: Notices
  attempts = $state.raw<ListedAttempt[] | null>(null)
  /** Which models came into use, newest first. */
  modelEvents = $state.raw<ModelEvent[]>([])
  /** False once the oldest attempt has been read. */
  more = $state(false)
  search = $state('')
  outcome = $state<AttemptOutcome | 'any'>('any')
  period = $state<Period>('all')

  readonly shown = $derived.by(() => {
    const since = Date.now() - periodMs[this.period]
    const wanted = this.search.trim().toLocaleLowerCase()
    return (this.attempts ?? []).filter(
      (attempt) =>
        (this.outcome === 'any' || attempt.outcome === this.outcome) &&
        attempt.at >= since &&
        attempt.claim.toLocaleLowerCase().includes(wanted),
    )
  })
  /** What is shown, newest first: changes of the model stand among the attempts, unless attempts of a kind are sought. */
  readonly lines = $derived.by(() => {
    const oldest = this.more ? (this.attempts?.at(-1)?.at ?? 0) : 0
    const since = Math.max(oldest, Date.now() - periodMs[this.period])
    const sought = this.outcome !== 'any' || this.search.trim() !== ''
    return [
      ...this.shown.map((attempt) => ({
        kind: 'attempt' as const,
        key: `attempt ${attempt.attempt}`,
        at: attempt.at,
        attempt,
      })),
      ...(sought ? [] : this.modelEvents)
        // Counted from the oldest, so that a key stays with its line.
        .map((event, i, { length }) => ({
          kind: 'model' as const,
          key: `model ${length - i}`,
          at: event.at,
          event,
        }))
        .filter(({ at }) => at >= since),
    ].sort((a, b) => b.at - a.at)
  })
  readonly filtered = $derived(this.outcome !== 'any' || this.period !== 'all' || this.search.trim() !== '')

  constructor(engine: Engine, notices: Notices) {
    this.#engine = engine
    this.#notices = notices
  }

  async refresh() {
    const attempts = await this.#engine.call('attempts', { limit: pageSize })
    this.attempts = attempts
    this.more = attempts.length === pageSize
    this.modelEvents = await this.#engine.call('models.events', {})
  }

  async loadOlder() {
    const before = this.attempts?.at(-1)?.attempt
    if (before === undefined) return
    const older = await this.#notices.trying('Older attempts could not be read.', () =>
      this.#engine.call('attempts', { limit: pageSize, before }),
    )
    if (!older) return
    this.attempts = [...(this.attempts ?? []), ...older]
    this.more = older.length === pageSize
  }

  clearFilters() {
    this.search = ''
    this.outcome = 'any'
    this.period = 'all'
  }

  async exportCsv() {
    const gives = await this.#notices.trying('The log was not exported.', () =>
      this.#engine.call('attempts.csv', {}),
    )
    if (gives) offerFile(`activity-${todayInFileName()}.csv`, gives.csv, 'text/csv')
  }
}
