import { expect, test } from 'vitest'
import { failuresLeft, lockedUntil } from '../../src-main/engine/lock-out.ts'

const settings = { failuresBeforeLockOut: 5, lockOutSeconds: 30 }
const lastAt = 1_000_000

test('four failures in a row leave verification open', () => {
  expect(lockedUntil({ failures: 4, lastAt }, settings, lastAt)).toBeNull()
})

test('the fifth locks for 30 s, each further one for twice as long', () => {
  const lockMs = (failures: number) => lockedUntil({ failures, lastAt }, settings, lastAt)! - lastAt
  expect([5, 6, 7, 8].map(lockMs)).toEqual([30_000, 60_000, 120_000, 240_000])
})

test('it opens again exactly when the time is over', () => {
  expect(lockedUntil({ failures: 5, lastAt }, settings, lastAt + 29_999)).toBe(lastAt + 30_000)
  expect(lockedUntil({ failures: 5, lastAt }, settings, lastAt + 30_000)).toBeNull()
})

test('doubling ends at a day, and never overflows', () => {
  expect(lockedUntil({ failures: 5000, lastAt }, settings, lastAt)).toBe(lastAt + 24 * 3600_000)
})

test('a clock that was set back does not lock for longer than the rule says', () => {
  const now = lastAt - 365 * 24 * 3600_000
  expect(lockedUntil({ failures: 5, lastAt }, settings, now)).toBe(now + 30_000)
})

test('what is left before a lock is counted down to none', () => {
  expect([0, 1, 4, 5, 9].map((failures) => failuresLeft(failures, settings))).toEqual([5, 4, 1, 0, 0])
})
