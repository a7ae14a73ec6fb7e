import type { Settings } from '../contract.ts'

const longestLockOutMs = 24 * 3600_000 // doubling for ever would lock the owner out of their own desk

/**
 * Until when a person's verification is locked (ms since 1970), null when it is open. It follows from the audit log
 * alone, so that it survives a restart: the fifth failure in a row since the last match locks for 30 s, each further
 * one for twice as long as the one before.
 */
export function lockedUntil(
  { failures, lastAt }: { failures: number; lastAt: number | null },
  settings: Pick<Settings, 'failuresBeforeLockOut' | 'lockOutSeconds'>,
  now: number,
): number | null {
  if (lastAt === null || failures < settings.failuresBeforeLockOut) return null
  const doublings = failures - settings.failuresBeforeLockOut
  const lockMs = Math.min(settings.lockOutSeconds * 1000 * 2 ** doublings, longestLockOutMs)
  // A clock that was set back must not lock for longer than the rule says.
  const until = Math.min(lastAt, now) + lockMs
  return until > now ? until : null
}

/** Failures that are still allowed before the next one locks. */
export function failuresLeft(failures: number, settings: Pick<Settings, 'failuresBeforeLockOut'>): number {
  return Math.max(0, settings.failuresBeforeLockOut - failures)
}
