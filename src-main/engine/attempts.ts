import type { Attempt } from '../contract.ts'
import type { StoredAttempt } from '../gallery/records.ts'
import type { Parts } from './parts.ts'

/** An attempt as the page and the command line show it. */
export function attemptOf(stored: StoredAttempt): Attempt {
  const { attempt, at, claim, person, outcome, distance, threshold, modelVersion } = stored
  return { attempt, at, claim, person, outcome, distance, threshold, model: modelVersion }
}

/** The whole audit log, newest first, a page at a time. */
export function* allAttempts({ gallery }: Pick<Parts, 'gallery'>): Generator<Attempt> {
  for (let before: number | undefined; ;) {
    const page = gallery.attempts.newest({ limit: 1000, before })
    yield* page.map(attemptOf)
    before = page.at(-1)?.attempt
    if (before === undefined) return
  }
}
