import { DatabaseSync } from 'node:sqlite'
import type { RunId } from '../contract.ts'

/**
 * Says that a run's process is alive, and hears whether the run was ended by another. It touches no sealed column, so it
 * needs no key: a thread beside the one that trains, which a step holds for seconds, can do it.
 */
export class RunPulse {
  readonly #database: DatabaseSync
  readonly #run: RunId

  /** @param path of the gallery's file */
  constructor(path: string, run: RunId) {
    this.#run = run
    this.#database = new DatabaseSync(path, { timeout: 1000 })
    this.#database.exec('PRAGMA synchronous = NORMAL') // a heartbeat lost with the power is no loss
  }

  /** False where the run has ended, by whomever. */
  goesOn(): boolean {
    return (
      this.#database
        .prepare('SELECT 1 FROM training_run WHERE id = ? AND ended_at IS NULL')
        .get(this.#run) !== undefined
    )
  }

  beat(now: number): void {
    this.#database
      .prepare('UPDATE training_run SET heard_at = ? WHERE id = ? AND ended_at IS NULL')
      .run(Math.round(now), this.#run)
  }

  close(): void {
    this.#database.close()
  }
}
