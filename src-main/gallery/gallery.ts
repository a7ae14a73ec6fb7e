import type {
  AttemptId,
  Cohort,
  CohortId,
  CohortPhotographId,
  ComparisonForm,
  HardExample,
  PersonalChoice,
  PersonId,
  PhotographId,
  Refusal,
  RetrainRun,
  RunId,
  Settings,
  ThresholdChoice,
} from '../contract.ts'
import { acquisition, addAttempt, attempts, recentFailures } from './attempts.ts'
import {
  choices,
  fingerprint,
  forgetChoice,
  forgetPersonalChoices,
  markNotSame,
  notSame,
  personalChoices,
  setChoice,
  setPersonalChoice,
} from './choices.ts'
import {
  addCohort,
  addStranger,
  cohortFingerprint,
  cohorts,
  dropStranger,
  putStrangerEmbedding,
  removeCohort,
  setMayTrain,
  putStrangerHash,
  staleStrangers,
  strangerCrop,
  strangerEmbeddings,
  strangers,
  strangersWithoutHash,
} from './cohorts.ts'
import {
  addHardExample,
  dropHardExample,
  hardExampleCrop,
  hardExampleEmbeddings,
  hardExamples,
  putHardExampleEmbedding,
  staleHardExamples,
} from './hard-examples.ts'
import type { KeyKeeper, KeySource } from './key-keeper.ts'
import { openStore } from './opening.ts'
import { addPerson, forget, people, person, personByName, rename } from './people.ts'
import { addPhotographs, crop, dropPhotograph, photograph, photographs, putEmbedding } from './photographs.ts'
import { embeddings, features, stale } from './embeddings.ts'
import { exportGallery, type TransferOptions } from './export-gallery.ts'
import { importGallery, type Imported, type ImportOptions } from './import-gallery.ts'
import type {
  HardExampleEmbedding,
  NewAttempt,
  NewHardExample,
  NewPerson,
  NewPhotograph,
  NewStranger,
  NotSame,
  Person,
  Photograph,
  RecentFailures,
  StalePhotograph,
  StaleStranger,
  StoredAttempt,
  StoredEmbedding,
  StoredFeatures,
  Stranger,
  StrangerEmbedding,
  Template,
  TemplateOutcome,
} from './records.ts'
import { setSettings, settings } from './settings.ts'
import type { Store } from './store.ts'
import { template, templates } from './templates.ts'
import { peopleOfDeleted, strangersThatTrained } from './trained-on.ts'
import {
  beginRun,
  endLostRuns,
  endRun,
  hasLostRun,
  lastRun,
  putRunProgress,
  runThatMade,
  trainingRun,
} from './training-runs.ts'
import type { IsGone, NewRun, RunEnding, RunProgress } from './training-runs.ts'
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
  removeModelVersion,
} from './versions.ts'
import type { ModelVersion, NewModelVersion } from './versions.ts'

export interface GalleryOptions {
  home: string // folder; made (for its owner alone) where it does not exist
  key: KeySource
  now: () => number // ms since 1970
}

/**
 * The people enrolled on this machine: one encrypted SQLite file. Everything is synchronous and on disk when it
 * returns, but opening, exporting and importing. What a caller may ask wrongly comes back as a `Refusal`; trouble that
 * every method can meet (full disk, corruption, a lock held too long) is thrown as a `StorageTrouble`, which carries
 * a `Refusal` too.
 */
export class Gallery {
  /** How this gallery's key is kept. */
  readonly keyKeeper: KeyKeeper
  /** What the user should know about how it was opened, in a sentence. */
  readonly notice: string | null
  readonly #store: Store
  readonly #key: Uint8Array

  private constructor(store: Store, key: Uint8Array, keyKeeper: KeyKeeper, notice: string | null) {
    this.#store = store
    this.#key = key
    this.keyKeeper = keyKeeper
    this.notice = notice
  }

  /** Makes a new gallery only where there is none: a missing or wrong key, or a damaged file, is refused in words. */
  static async open(options: GalleryOptions): Promise<{ kind: 'open'; gallery: Gallery } | Refusal> {
    const opened = await openStore(options)
    if (opened.kind === 'refused') return opened
    return { kind: 'open', gallery: new Gallery(opened.store, opened.key, opened.keyKeeper, opened.notice) }
  }

  /** In order of enrolment. */
  people(): Person[] {
    return people(this.#store)
  }

  person(id: PersonId): Person | null {
    return person(this.#store, id)
  }

  /** Names are the same when they are after Unicode composition and case folding. */
  personByName(name: string): Person | null {
    return personByName(this.#store, name)
  }

  /** Refuses with 'name-empty', 'name-too-long', 'name-control-characters' or 'name-taken'. */
  addPerson(newPerson: NewPerson): { kind: 'added'; person: PersonId } | Refusal {
    return this.#store.write(() => addPerson(this.#store, newPerson))
  }

  /** Refuses as `addPerson` does, and with 'not-enrolled'. */
  rename(id: PersonId, name: string): { kind: 'renamed' } | Refusal {
    return this.#store.write(() => rename(this.#store, id, name))
  }

  /**
   * Removes every row and byte of a person; "person 7" stands in the audit log where the name stood. `erased` is false
   * where another process still reads the old bytes (sealed, in the write-ahead log): they go when it lets go.
   */
  forget(id: PersonId): { kind: 'forgotten'; erased: boolean } | Refusal {
    const forgotten = this.#store.write(() => forget(this.#store, id))
    return forgotten.kind === 'refused' ? forgotten : { ...forgotten, erased: this.#store.eraseLog() }
  }

  /** One person, new or known, with photographs, all or nothing. Refuses as `addPerson` and `addPhotograph` do. */
  enrol(
    who: NewPerson | PersonId,
    newPhotographs: NewPhotograph[],
  ): { kind: 'enrolled'; person: PersonId; photographs: PhotographId[] } | Refusal {
    return this.#store.write(() => {
      const added =
        typeof who === 'number' ? { kind: 'added' as const, person: who } : addPerson(this.#store, who)
      if (added.kind === 'refused') return added
      const kept = addPhotographs(this.#store, added.person, newPhotographs)
      if (kept.kind === 'refused') return kept
      return { kind: 'enrolled', person: added.person, photographs: kept.photographs }
    })
  }

  /** Refuses with 'not-enrolled'. */
  addPhotograph(
    id: PersonId,
    newPhotograph: NewPhotograph,
  ): { kind: 'added'; photograph: PhotographId } | Refusal {
    const kept = this.#store.write(() => addPhotographs(this.#store, id, [newPhotograph]))
    return kept.kind === 'refused' ? kept : { kind: 'added', photograph: kept.photographs[0]! }
  }

  /** Of one person, in the order they were added. */
  photographs(id: PersonId): Photograph[] {
    return photographs(this.#store, id)
  }

  photograph(id: PhotographId): Photograph | null {
    return photograph(this.#store, id)
  }

  /** The kept crop's PNG; null where there is no such photograph or its crop was not kept. */
  crop(id: PhotographId): Uint8Array | null {
    return crop(this.#store, id)
  }

  /** Refuses with 'no-such-photograph'. */
  dropPhotograph(id: PhotographId): { kind: 'dropped'; erased: boolean } | Refusal {
    const dropped = this.#store.write(() => dropPhotograph(this.#store, id))
    return dropped.kind === 'refused' ? dropped : { ...dropped, erased: this.#store.eraseLog() }
  }

  /** All embeddings made by one model version, of everybody or of one person, in the order of the photographs. */
  embeddings(modelVersion: string, id?: PersonId): StoredEmbedding[] {
    return embeddings(this.#store, modelVersion, id)
  }

  /** All pooled features made by one model version, of everybody or of one person. */
  features(modelVersion: string, id?: PersonId): StoredFeatures[] {
    return features(this.#store, modelVersion, id)
  }

  /** Photographs that lack an embedding of this version. */
  stale(modelVersion: string): StalePhotograph[] {
    return stale(this.#store, modelVersion)
  }

  /** Adds or replaces what one model version makes of a photograph. Refuses with 'no-such-photograph'. */
  putEmbedding(
    id: PhotographId,
    modelVersion: string,
    newFeatures: Float32Array,
    newEmbedding: Float32Array,
  ): { kind: 'put' } | Refusal {
    return this.#store.write(() => putEmbedding(this.#store, id, modelVersion, newFeatures, newEmbedding))
  }

  /** Never one that another model version made. */
  template(id: PersonId, modelVersion: string): TemplateOutcome {
    return template(this.#store, id, modelVersion)
  }

  /** Everybody's who has one under this version. */
  templates(modelVersion: string): Template[] {
    return templates(this.#store, modelVersion)
  }

  /**
   * Reads and writes that belong to one moment, for all processes: what `work` reads, nobody changes before it has
   * written. All or nothing; an exception or a refusal takes everything back.
   */
  atOneMoment<T>(work: () => T): T {
    return this.#store.write(work)
  }

  addAttempt(attempt: NewAttempt): AttemptId {
    return this.#store.write(() => addAttempt(this.#store, attempt))
  }

  /** Newest first, of everybody or of one person; `before` (not itself included) is where the last page ended; limit −1: all. */
  attempts(page: { limit: number; before?: AttemptId; person?: PersonId }): StoredAttempt[] {
    return attempts(this.#store, page)
  }

  recentFailures(id: PersonId): RecentFailures {
    return recentFailures(this.#store, id)
  }

  /** Attempts that had a picture before them, and those of them that gave no usable face. */
  acquisition(): { failures: number; of: number } {
    return acquisition(this.#store)
  }

  /** What was ever set; the caller lays it over the defaults. */
  settings(): Partial<Settings> {
    return settings(this.#store)
  }

  setSettings(changed: Partial<Settings>): void {
    this.#store.write(() => setSettings(this.#store, changed))
  }

  /** The threshold that was chosen for each form, with its evidence. */
  choices(): ThresholdChoice[] {
    return choices(this.#store)
  }

  /** In place of what was chosen for the same form before. */
  setChoice(choice: ThresholdChoice): void {
    this.#store.write(() => setChoice(this.#store, choice))
  }

  /** Whether there was one. */
  forgetChoice(form: ComparisonForm): boolean {
    return this.#store.write(() => forgetChoice(this.#store, form))
  }

  /** The stricter thresholds of single people, of every model. */
  personalChoices(): PersonalChoice[] {
    return personalChoices(this.#store)
  }

  /** In place of what this person had in the same form under the same model. */
  setPersonalChoice(choice: PersonalChoice): void {
    this.#store.write(() => setPersonalChoice(this.#store, choice))
  }

  /** Whether there was one. */
  forgetPersonalChoice(person: PersonId, form: ComparisonForm): boolean {
    return this.#store.write(() => forgetPersonalChoices(this.#store, person, form))
  }

  /** Of who and which photographs are enrolled: changes whenever one of them does. */
  fingerprint(): string {
    return fingerprint(this.#store)
  }

  /** Of two people: they are two. Of one person's photographs: they do not show one. Refuses with 'no-such-photograph', 'same-photograph'. */
  markNotSame(a: PhotographId, b: PhotographId, isNotSame: boolean): { kind: 'marked' } | Refusal {
    return this.#store.write(() => markNotSame(this.#store, a, b, isNotSame))
  }

  notSame(): NotSame {
    return notSame(this.#store)
  }

  /** People who are not enrolled, to stand for strangers. */
  cohorts(): Cohort[] {
    return cohorts(this.#store)
  }

  addCohort(name: string): CohortId {
    return this.#store.write(() => addCohort(this.#store, name))
  }

  /** Refuses with 'no-such-cohort' and 'same-photograph'. */
  addStranger(
    cohort: CohortId,
    stranger: NewStranger,
  ): { kind: 'added'; photograph: CohortPhotographId } | Refusal {
    return this.#store.write(() => addStranger(this.#store, cohort, stranger))
  }

  /** Every photograph of every cohort, whichever model has seen it. */
  strangers(): Stranger[] {
    return strangers(this.#store)
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

  strangerCrop(id: CohortPhotographId): Uint8Array | null {
    return strangerCrop(this.#store, id)
  }

  /** Refuses with 'no-such-photograph'. */
  dropStranger(id: CohortPhotographId): { kind: 'dropped' } | Refusal {
    const dropped = this.#store.write(() => dropStranger(this.#store, id))
    if (dropped.kind === 'dropped') this.#store.eraseLog()
    return dropped
  }

  /** With every byte of it. Refuses with 'no-such-cohort'. */
  removeCohort(id: CohortId): { kind: 'removed' } | Refusal {
    const removed = this.#store.write(() => removeCohort(this.#store, id))
    if (removed.kind === 'removed') this.#store.eraseLog()
    return removed
  }

  /** Refuses with 'no-such-cohort'. */
  setMayTrain(id: CohortId, mayTrain: boolean): { kind: 'set' } | Refusal {
    return this.#store.write(() => setMayTrain(this.#store, id, mayTrain))
  }

  /** Changes whenever a stranger of this cohort (of any, for null) comes or goes. */
  cohortFingerprint(id: CohortId | null): string {
    return cohortFingerprint(this.#store, id)
  }

  /** Retrained models, the oldest first; the pre-trained one is not among them. */
  modelVersions(): ModelVersion[] {
    return modelVersions(this.#store)
  }

  modelVersion(version: string): ModelVersion | null {
    return modelVersion(this.#store, version)
  }

  /** The head's numbers; null where there is no such version, or it is a whole network. */
  modelHead(version: string): Float32Array | null {
    return modelHead(this.#store, version)
  }

  /** The network's ONNX file; null where there is no such version, or it is a head. Throws where it is not what its version names. */
  modelNetwork(version: string): Uint8Array | null {
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

  /** A candidate, not in use. Refuses with 'same-model'. */
  addModelVersion(candidate: NewModelVersion): { kind: 'added'; version: string } | Refusal {
    return this.#store.write(() => addModelVersion(this.#store, candidate))
  }

  /** What a run made: numbers that are here already are judged anew. Refuses with 'in-use' and 'way-back'. */
  keepCandidate(candidate: NewModelVersion): { kind: 'added' | 'judged-anew'; version: string } | Refusal {
    return this.#store.write(() => keepCandidate(this.#store, candidate))
  }

  /** Refuses with 'no-such-model', 'in-use', 'way-back', 'goes-over' and 'only-features'. */
  removeModelVersion(version: string): { kind: 'removed' } | Refusal {
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

  modelInUse(): ModelInUse {
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
  modelEvents(): ModelEvent[] {
    return modelEvents(this.#store)
  }

  /** One at a time over all processes; `process` is the number of the one that runs it. Refuses with 'running'. */
  beginRun(process: number, run: NewRun, isGone: IsGone): { kind: 'begun'; run: RunId } | Refusal {
    return this.#store.write(() => beginRun(this.#store, process, run, isGone))
  }

  /** False where the run has ended, whoever ended it: then its process has to end too. */
  putRunProgress(id: RunId, progress: RunProgress): boolean {
    return this.#store.write(() => putRunProgress(this.#store, id, progress), { quietly: true })
  }

  /** False where it had ended already. */
  endRun(id: RunId, ending: RunEnding): boolean {
    return this.#store.write(() => endRun(this.#store, id, ending))
  }

  /** The run that is going on, or the last one; one whose process is gone has failed. */
  lastRun(isGone: IsGone): RetrainRun | null {
    if (hasLostRun(this.#store, isGone)) this.#store.write(() => endLostRuns(this.#store, isGone))
    return lastRun(this.#store)
  }

  trainingRun(id: RunId): RetrainRun | null {
    return trainingRun(this.#store, id)
  }

  /** Null where it is too long ago, or the model came from elsewhere. */
  runThatMade(version: string): RetrainRun | null {
    return runThatMade(this.#store, version)
  }

  /** Probes that were decided wrongly, kept with consent to train on. */
  hardExamples(): HardExample[] {
    return hardExamples(this.#store)
  }

  /** Refuses with 'not-enrolled' and 'same-photograph'. */
  addHardExample(example: NewHardExample): { kind: 'kept'; id: number } | Refusal {
    return this.#store.write(() => addHardExample(this.#store, example))
  }

  hardExampleCrop(id: number): Uint8Array | null {
    return hardExampleCrop(this.#store, id)
  }

  /** With every byte of it. Refuses with 'no-such-example'. */
  dropHardExample(id: number): { kind: 'dropped' } | Refusal {
    const dropped = this.#store.write(() => dropHardExample(this.#store, id))
    if (dropped.kind === 'dropped') this.#store.eraseLog()
    return dropped
  }

  hardExampleEmbeddings(modelVersion: string): HardExampleEmbedding[] {
    return hardExampleEmbeddings(this.#store, modelVersion)
  }

  /** Hard examples that lack an embedding of this version. */
  staleHardExamples(modelVersion: string): number[] {
    return staleHardExamples(this.#store, modelVersion)
  }

  /** False where it has been dropped meanwhile. */
  putHardExampleEmbedding(
    id: number,
    modelVersion: string,
    newFeatures: Float32Array,
    newEmbedding: Float32Array,
  ): boolean {
    return this.#store.write(() =>
      putHardExampleEmbedding(this.#store, id, modelVersion, newFeatures, newEmbedding),
    )
  }

  counts(): { people: number; photographs: number; attempts: number } {
    const count = (table: string) => Number(this.#store.get(`SELECT count(*) AS n FROM ${table}`)!.n)
    return { people: count('person'), photographs: count('photograph'), attempts: count('attempt') }
  }

  /** Changes when another process (not this gallery object) has changed the gallery. */
  dataVersion(): number {
    return Number(this.#store.get('PRAGMA data_version')!.data_version)
  }

  /** Moves when another process has changed what is shown of the gallery: not with the progress of a run. */
  revisionElsewhere(): number {
    return this.#store.revisionElsewhere
  }

  /** Opens this gallery in another process of ours: handed over its port, never by arguments or environment. */
  handedKey(): Extract<KeySource, { kind: 'master' }> {
    return { kind: 'master', key: this.#key, keeper: this.keyKeeper }
  }

  /** The file, for what needs no key. */
  get path(): string {
    return this.#store.path
  }

  /** One encrypted file with everything, as it was at the moment of the call. */
  exportTo(
    passphrase: string,
    options?: TransferOptions,
  ): Promise<{ kind: 'exported'; bytes: Uint8Array } | Refusal> {
    return exportGallery(this.#store, passphrase, options)
  }

  /**
   * Adds the people of an exported file, each whole or not at all, its retrained models and its cohorts; who has a name
   * that is taken is left out and named in `skipped`. Into an empty gallery everything comes back as it was; in another
   * one, settings, thresholds and the model in use stay. Refuses, before anything is written, with 'not-an-export',
   * 'newer-version', 'wrong-passphrase' or 'damaged'.
   */
  importFrom(bytes: Uint8Array, passphrase: string, options: ImportOptions): Promise<Imported | Refusal> {
    return importGallery(this.#store, bytes, passphrase, options)
  }

  close(): void {
    this.#store.close()
  }
}
