import type { Attempt, AttemptOutcome } from '../../src-main/contract.ts'
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
  attempts = $state.raw<Attempt[] | null>(null)
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
  readonly filtered = $derived(this.outcome !== 'any' || this.period !== 'all' || this.search.trim() !== '')

  constructor(engine: Engine, notices: Notices) {
    this.#engine = engine
    this.#notices = notices
  }

  async refresh() {
    const attempts = await this.#engine.call('attempts', { limit: pageSize })
    this.attempts = attempts
    this.more = attempts.length === pageSize
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
