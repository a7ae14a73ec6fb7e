import { DatabaseSync } from 'node:sqlite'
import type { SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'
import type { Seal } from './seal.ts'
import { StorageTrouble, storageTrouble } from './storage-trouble.ts'

export type Row = Record<string, SQLOutputValue>

/** An open database with the seal of its values. Errors of SQLite come out as `StorageTrouble`. */
export class Store {
  readonly seal: Seal
  readonly path: string
  readonly now: () => number
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  #ownRevisions = 0

  constructor(database: DatabaseSync, seal: Seal, path: string, now: () => number) {
    this.#database = database
    this.seal = seal
    this.path = path
    this.now = now
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return inWords(() => this.#prepared(sql).get(...values))
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return inWords(() => this.#prepared(sql).all(...values))
  }

  /** How many rows changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return inWords(() => Number(this.#prepared(sql).run(...values).changes))
  }

  /**
   * One transaction: on disk when it returns. A refusal, like an exception, takes everything back. The write lock is
   * taken first, so that what is read inside cannot be changed by another process before it is written. Inside another
   * `write` it is a part of that one, taken back alone.
   * @param quietly what is written is of no concern to those who show the gallery
   */
  write<T>(work: () => T, { quietly = false } = {}): T {
    if (this.#database.isTransaction) return this.#writePart(work)
    this.#exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      const isTold = !quietly && !isRefusal(result)
      if (isTold) this.run('UPDATE gallery SET revision = revision + 1')
      this.#exec(isRefusal(result) ? 'ROLLBACK' : 'COMMIT')
      if (isTold) this.#ownRevisions++
      return result
    } catch (error) {
      // SQLite has already rolled back where the disk was full.
      if (this.#database.isTransaction) this.#exec('ROLLBACK')
      throw error
    }
  }

  /** Moves with everything that others have written and not quietly. */
  get revisionElsewhere(): number {
    return Number(this.get('SELECT revision FROM gallery')!.revision) - this.#ownRevisions
  }

  #writePart<T>(work: () => T): T {
    this.#exec('SAVEPOINT part')
    try {
      const result = work()
      this.#exec(isRefusal(result) ? 'ROLLBACK TO part; RELEASE part' : 'RELEASE part')
      return result
    } catch (error) {
      if (this.#database.isTransaction) this.#exec('ROLLBACK TO part; RELEASE part')
      throw error
    }
  }

  /**
   * The number the next row of a table will get, which its sealed values need before it is there; only inside `write`.
   * Numbers are never used again, so "person 7" in the audit log stays one person.
   */
  nextId(
    table:
      | 'person'
      | 'photograph'
      | 'attempt'
      | 'cohort'
      | 'cohort_photograph'
      | 'model_version'
      | 'model_event'
      | 'training_run'
      | 'hard_example',
  ): number {
    return Number(this.get('SELECT seq FROM sqlite_sequence WHERE name = ?', table)?.seq ?? 0) + 1
  }

  /**
   * Moves the write-ahead log into the database and empties it, so that overwritten bytes are gone from it as well.
   * False where another process is reading an older state, which holds the log back, or the disk has no room for it:
   * what was committed stays committed, and closing the gallery tries again.
   */
  eraseLog(): boolean {
    this.#exec('PRAGMA busy_timeout = 1000') // the engine answers nobody while this waits
    try {
      return this.get('PRAGMA wal_checkpoint(TRUNCATE)')?.busy === 0
    } catch (error) {
      if (error instanceof StorageTrouble) return false
      throw error
    } finally {
      this.#exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
    }
  }

  /** A second, read-only view that stays as the gallery is now, whatever is written meanwhile; to be closed. */
  snapshot(): Store {
    const database = inWords(() => new DatabaseSync(this.path, { readOnly: true, timeout: busyTimeoutMs }))
    const store = new Store(database, this.seal, this.path, this.now)
    store.#exec('BEGIN')
    store.get('SELECT count(*) FROM person') // the first reading fixes the moment
    return store
  }

  close(): void {
    if (!this.#database.isOpen) return
    // The last to close empties and removes the log; where another process still reads, it will do so.
    this.#database.close()
  }

  #exec(sql: string): void {
    inWords(() => this.#database.exec(sql))
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known) return known
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}

export const busyTimeoutMs = 10_000 // longer than any transaction of ours: a restore takes half a second for 1,000 photographs

function inWords<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw storageTrouble(error) ?? error
  }
}

function isRefusal(result: unknown): boolean {
  return typeof result === 'object' && result !== null && 'kind' in result && result.kind === 'refused'
}
