import type { AttemptId, PersonId } from '../contract.ts'
import { acquisition, addAttempt, attempts, recentFailures } from './attempts.ts'
import type { NewAttempt, RecentFailures, StoredAttempt } from './records.ts'
import type { Store } from './store.ts'

/** The audit log of a gallery: every attempt to be verified, to enrol and to forget. */
export class GalleryAttempts {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** Newest first, of everybody or of one person; `before` (not itself included) is where the last page ended; limit −1: all. */
  newest(page: { limit: number; before?: AttemptId; person?: PersonId }): StoredAttempt[] {
    return attempts(this.#store, page)
  }

  add(attempt: NewAttempt): AttemptId {
    return this.#store.write(() => addAttempt(this.#store, attempt))
  }

  recentFailures(id: PersonId): RecentFailures {
    return recentFailures(this.#store, id)
  }

  /** Attempts that had a picture before them, and those of them that gave no usable face. */
  acquisition(): { failures: number; of: number } {
    return acquisition(this.#store)
  }
}
