import type { Cohort, CohortId, CohortPhotographId, Refusal } from '../contract.ts'
import {
  addCohort,
  addStranger,
  cohortFingerprint,
  cohorts,
  dropStranger,
  putStrangerEmbedding,
  putStrangerHash,
  removeCohort,
  setMayTrain,
  staleStrangers,
  strangerCrop,
  strangerEmbeddings,
  strangers,
  strangersWithoutHash,
} from './cohorts.ts'
import type { NewStranger, StaleStranger, Stranger, StrangerEmbedding } from './records.ts'
import type { Store } from './store.ts'

/** The cohorts of a gallery: people who are not enrolled, to stand for strangers. */
export class GalleryCohorts {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** People who are not enrolled, to stand for strangers. */
  all(): Cohort[] {
    return cohorts(this.#store)
  }

  add(name: string): CohortId {
    return this.#store.write(() => addCohort(this.#store, name))
  }

  /** With every byte of it. Refuses with 'no-such-cohort'. */
  remove(id: CohortId): { kind: 'removed' } | Refusal {
    const removed = this.#store.write(() => removeCohort(this.#store, id))
    if (removed.kind === 'removed') this.#store.eraseLog()
    return removed
  }

  /** Refuses with 'no-such-cohort'. */
  setMayTrain(id: CohortId, mayTrain: boolean): { kind: 'set' } | Refusal {
    return this.#store.write(() => setMayTrain(this.#store, id, mayTrain))
  }

  /** Changes whenever a stranger of this cohort (of any, for null) comes or goes. */
  fingerprint(id: CohortId | null): string {
    return cohortFingerprint(this.#store, id)
  }

  /** Every photograph of every cohort, whichever model has seen it. */
  strangers(): Stranger[] {
    return strangers(this.#store)
  }

  /** Refuses with 'no-such-cohort' and 'same-photograph'. */
  addStranger(
    cohort: CohortId,
    stranger: NewStranger,
  ): { kind: 'added'; photograph: CohortPhotographId } | Refusal {
    return this.#store.write(() => addStranger(this.#store, cohort, stranger))
  }

  /** Refuses with 'no-such-photograph'. */
  dropStranger(id: CohortPhotographId): { kind: 'dropped' } | Refusal {
    const dropped = this.#store.write(() => dropStranger(this.#store, id))
    if (dropped.kind === 'dropped') this.#store.eraseLog()
    return dropped
  }

  strangerCrop(id: CohortPhotographId): Uint8Array | null {
    return strangerCrop(this.#store, id)
  }

  /** Strangers' photographs that an older version of the program kept without their hash. */
  strangersWithoutHash(): StaleStranger[] {
    return strangersWithoutHash(this.#store)
  }

  /** False where the photograph has been removed meanwhile. */
  putStrangerHash(id: CohortPhotographId, cropHash: string): boolean {
    return this.#store.write(() => putStrangerHash(this.#store, id, cropHash), { quietly: true })
  }

  /** Of one cohort, or of all, as one model version embedded them. */
  strangerEmbeddings(modelVersion: string, cohort: CohortId | null): StrangerEmbedding[] {
    return strangerEmbeddings(this.#store, modelVersion, cohort)
  }

  /** Strangers' photographs that lack an embedding of this version. */
  staleStrangers(modelVersion: string): StaleStranger[] {
    return staleStrangers(this.#store, modelVersion)
  }

  /** False where the photograph has been removed meanwhile. */
  putStrangerEmbedding(id: CohortPhotographId, modelVersion: string, embedding: Float32Array): boolean {
    return this.#store.write(() => putStrangerEmbedding(this.#store, id, modelVersion, embedding))
  }
}
