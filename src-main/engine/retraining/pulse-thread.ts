import { isMainThread, workerData } from 'node:worker_threads'
import type { RunId } from '../../contract.ts'
import { RunPulse } from '../../gallery/run-pulse.ts'
import { beatEveryMs } from './runner-gone.ts'

/** Which run, in which gallery. */
export interface Pulsing {
  path: string
  run: RunId
}

const lookEveryMs = 250 // a cancelled run ends within a second

/** The program of a thread beside the one that trains: beats, and ends the process when the run was ended by another. */
if (!isMainThread) pulse(workerData as Pulsing)

function pulse({ path, run }: Pulsing): void {
  const pulse = new RunPulse(path, run)
  let beatAt = 0
  setInterval(() => {
    try {
      if (!pulse.goesOn()) process.kill(process.pid, 'SIGKILL') // a step cannot be stopped in any other way
      if (Date.now() - beatAt < beatEveryMs) return
      beatAt = Date.now()
      pulse.beat(beatAt)
    } catch {
      // Somebody writes for long, or the disk is full: the next beat tells.
    }
  }, lookEveryMs)
}
