import type { Events, JobId } from '../contract.ts'

/** One running job, as the code that does the work sees it. */
export interface Job {
  signal: AbortSignal
  /** Tells everybody how far it is; the remaining time is what the steps so far took. */
  progress(done: number, total: number, what: string): void
}

/** Jobs named by their callers, so that a caller hears of one, and can cancel it, before its call returns. */
export class Jobs {
  readonly #running = new Map<JobId, AbortController>()
  readonly #tell: (event: Events['progress']) => void
  readonly #now: () => number

  constructor(tell: (event: Events['progress']) => void, now: () => number) {
    this.#tell = tell
    this.#now = now
  }

  /** Runs `work` under the caller's name for it; without a name it can neither be followed nor cancelled. */
  async run<T>(job: JobId | undefined, work: (job: Job) => Promise<T>): Promise<T> {
    const controller = new AbortController()
    if (job === undefined) return work({ signal: controller.signal, progress: () => {} })
    const started = this.#now()
    this.#running.set(job, controller)
    try {
      return await work({
        signal: controller.signal,
        progress: (done, total, what) =>
          this.#tell({
            job,
            done,
            total,
            what,
            remainingMs: remainingMs(this.#now() - started, done, total),
          }),
      })
    } finally {
      if (this.#running.get(job) === controller) this.#running.delete(job)
    }
  }

  /** False where no job of that name is running (any more). */
  cancel(job: JobId): boolean {
    const controller = this.#running.get(job)
    controller?.abort()
    return controller !== undefined
  }
}

function remainingMs(elapsedMs: number, done: number, total: number): number | null {
  return done > 0 ? Math.max(0, (elapsedMs / done) * (total - done)) : null
}
