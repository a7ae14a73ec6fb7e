import type { PersonId, Refusal } from '../contract.ts'
import type { Store } from './store.ts'
import { peopleOfDeleted, strangersThatTrained } from './trained-on.ts'
import { recordWhoTrained, unrecordedTraining } from './unrecorded-training.ts'
import { modelEvents, modelInUse, promote, promotionRefusal, rollBack } from './versions-in-use.ts'
import type {
  Embed,
  ModelEvent,
  ModelInUse,
  Promoted,
  PromoteOptions,
  RolledBack,
} from './versions-in-use.ts'
import {
  addModelVersion,
  dropLookedAt,
  isKeptUntilNextRun,
  keepCandidate,
  modelHead,
  modelNetwork,
  modelVersion,
  modelVersions,
  networkUnder,
  pretrainedUnder,
  putJudgement,
  removeModelVersion,
} from './versions.ts'
import type { Judgement, ModelVersion, NewModelVersion } from './versions.ts'

/** The retrained models of a gallery: which there are, which is in use, and whom they were trained on. */
export class GalleryModels {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** Retrained models, the oldest first; the pre-trained one is not among them. */
  versions(): ModelVersion[] {
    return modelVersions(this.#store)
  }

  version(version: string): ModelVersion | null {
    return modelVersion(this.#store, version)
  }

  /** The head's numbers; null where there is no such version, or it is a whole network. */
  head(version: string): Float32Array | null {
    return modelHead(this.#store, version)
  }

  /** The network's ONNX file; null where there is no such version, or it is a head. Throws where it is not what its version names. */
  network(version: string): Uint8Array | null {
    return modelNetwork(this.#store, version)
  }

  /** The version whose network makes the embeddings of `version`: its own, or the one that its head goes over. */
  networkUnder(version: string): string {
    return networkUnder(this.#store, version)
  }

  /** The pre-trained version that everything under `version` descends from. */
  pretrainedUnder(version: string): string {
    return pretrainedUnder(this.#store, version)
  }

  /** A candidate, not in use. Refuses with 'same-model'. */
  add(candidate: NewModelVersion): { kind: 'added'; version: string } | Refusal {
    return this.#store.write(() => addModelVersion(this.#store, candidate))
  }

  /** What a run made: numbers that are here already are judged anew. Refuses with 'in-use' and 'way-back'. */
  keepCandidate(candidate: NewModelVersion): { kind: 'added' | 'judged-anew'; version: string } | Refusal {
    return this.#store.write(() => keepCandidate(this.#store, candidate))
  }

  /** What those who judge now say of a candidate. Refuses with 'no-such-model', 'in-use' and 'way-back'. */
  judgeAnew(version: string, judgement: Judgement): { kind: 'judged-anew'; version: string } | Refusal {
    return this.#store.write(() => putJudgement(this.#store, version, judgement))
  }

  /** Refuses with 'no-such-model', 'in-use', 'way-back', 'goes-over' and 'only-features'. */
  remove(version: string): { kind: 'removed' } | Refusal {
    const removed = this.#store.write(() => removeModelVersion(this.#store, version))
    if (removed.kind === 'removed') this.#store.eraseLog()
    return removed
  }

  /** Whether it is a rejected network that nobody used: it is here to be looked at, until the next candidate. */
  isKeptUntilNextRun(version: string): boolean {
    return isKeptUntilNextRun(this.#store, version)
  }

  /** What was only looked at goes when the next candidate is kept. Gives the versions that went. */
  dropLookedAt(candidate: string): string[] {
    return this.#store.write(() => dropLookedAt(this.#store, candidate))
  }

  inUse(): ModelInUse {
    return modelInUse(this.#store)
  }

  /** Why `promote` would refuse a model before it looks at any photograph; null where it would not. */
  promotionRefusal(version: string, options: PromoteOptions): Refusal | null {
    return promotionRefusal(this.#store, version, options)
  }

  /** One transaction: either everything is of the new model, or nothing. Refuses with 'no-such-model', 'in-use', 'rejected', 'judged-against-another', 'no-crops'. */
  promote(version: string, embed: Embed, options: PromoteOptions): Promoted | Refusal {
    return this.#store.write(() => promote(this.#store, version, embed, options))
  }

  /** Back to the model before, exactly. Refuses with 'no-way-back'. */
  rollBack(embed: Embed): RolledBack | Refusal {
    return this.#store.write(() => rollBack(this.#store, embed))
  }

  /** The audit log of models: who came into use when, and how. Newest first. */
  events(): ModelEvent[] {
    return modelEvents(this.#store)
  }

  /** Crops of strangers (`Stranger.crop`) that trained a version, or one that it descends from. */
  strangersThatTrained(version: string): Set<string> {
    return strangersThatTrained(this.#store, version)
  }

  /** Enrolled people whom a model was trained on that was here and was deleted; nobody where none is known. */
  peopleOfDeleted(version: string): PersonId[] {
    return peopleOfDeleted(this.#store, version)
  }

  /** Which strangers trained models that were made before that was kept, as far as it can be told. */
  recordWhoTrained(): void {
    if (unrecordedTraining(this.#store).size > 0)
      this.#store.write(() => recordWhoTrained(this.#store), { quietly: true })
  }
}
