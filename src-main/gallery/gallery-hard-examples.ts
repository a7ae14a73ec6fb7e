import type { HardExample, Refusal } from '../contract.ts'
import {
  addHardExample,
  dropHardExample,
  hardExampleCrop,
  hardExampleEmbeddings,
  hardExamples,
  putHardExampleEmbedding,
  staleHardExamples,
} from './hard-examples.ts'
import type { HardExampleEmbedding, NewHardExample } from './records.ts'
import type { Store } from './store.ts'

/** The hard examples of a gallery: probes that were decided wrongly, kept with consent to train on. */
export class GalleryHardExamples {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** Probes that were decided wrongly, kept with consent to train on. */
  all(): HardExample[] {
    return hardExamples(this.#store)
  }

  /** Refuses with 'not-enrolled' and 'same-photograph'. */
  add(example: NewHardExample): { kind: 'kept'; id: number } | Refusal {
    return this.#store.write(() => addHardExample(this.#store, example))
  }

  crop(id: number): Uint8Array | null {
    return hardExampleCrop(this.#store, id)
  }

  /** With every byte of it. Refuses with 'no-such-example'. */
  drop(id: number): { kind: 'dropped' } | Refusal {
    const dropped = this.#store.write(() => dropHardExample(this.#store, id))
    if (dropped.kind === 'dropped') this.#store.eraseLog()
    return dropped
  }

  embeddings(modelVersion: string): HardExampleEmbedding[] {
    return hardExampleEmbeddings(this.#store, modelVersion)
  }

  /** Hard examples that lack an embedding of this version. */
  stale(modelVersion: string): number[] {
    return staleHardExamples(this.#store, modelVersion)
  }

  /** False where it has been dropped meanwhile. */
  putEmbedding(
    id: number,
    modelVersion: string,
    newFeatures: Float32Array,
    newEmbedding: Float32Array,
  ): boolean {
    return this.#store.write(() =>
      putHardExampleEmbedding(this.#store, id, modelVersion, newFeatures, newEmbedding),
    )
  }
}
