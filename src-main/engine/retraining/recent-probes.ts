import type { AttemptId, PersonId } from '../../contract.ts'
import type { Face } from '../../vision/face.ts'

/** What a transaction was decided by: its best frame. */
export interface Probe {
  attempt: AttemptId
  person: PersonId
  outcome: 'match' | 'no-match'
  distance: number
  modelVersion: string
  face: Pick<Face, 'crop' | 'features' | 'embedding'>
}

const keptMs = 5 * 60_000 // long enough to press a button, short enough to be no gallery of passers-by
const mostKept = 8 // a crop is 200 kB

/** The last transactions' best frames, in memory alone and not for long: nobody consented to more yet. */
export class RecentProbes {
  readonly #now: () => number
  #kept: { probe: Probe; until: number }[] = []

  constructor(now: () => number) {
    this.#now = now
  }

  keep(probe: Probe): void {
    this.forgetOld()
    // An attempt that could not be written, after all, has left its number to this one.
    const others = this.#kept.filter((each) => each.probe.attempt !== probe.attempt)
    this.#kept = [...others, { probe, until: this.#now() + keptMs }].slice(-mostKept)
  }

  /** Null where it is too long ago, or nothing was seen of it here. */
  of(attempt: AttemptId): Probe | null {
    this.forgetOld()
    return this.#kept.find(({ probe }) => probe.attempt === attempt)?.probe ?? null
  }

  /** Until when it is held, ms since 1970; null where it is not. */
  until(attempt: AttemptId): number | null {
    this.forgetOld()
    return this.#kept.find(({ probe }) => probe.attempt === attempt)?.until ?? null
  }

  forgetOld(): void {
    const now = this.#now()
    this.#kept = this.#kept.filter(({ until }) => until > now)
  }
}
