import type { IsGone } from '../../gallery/training-runs.ts'

/** How often a run's process says that it is alive. */
export const beatEveryMs = 1000
const silentMs = 15_000 // a machine that slept wakes with an old heartbeat, and beats within a second

/** Whether the process of a run is no more: its number is nobody's, or it has long not been heard of. */
export function runnerGone(now: () => number): IsGone {
  return ({ process: number, heardAt }) => !exists(number) || now() - heardAt > silentMs
}

function exists(number: number): boolean {
  try {
    process.kill(number, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' // somebody else's: it is there
  }
}
