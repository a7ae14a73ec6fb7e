import type { PersonId, PhotographId, Refusal, Settings } from '../contract.ts'
import { fingerprint, markNotSame, notSame } from './choices.ts'
import { embeddings, features, stale } from './embeddings.ts'
import { exportGallery, type TransferOptions } from './export-gallery.ts'
import { GalleryAttempts } from './gallery-attempts.ts'
import { GalleryChoices } from './gallery-choices.ts'
import { GalleryCohorts } from './gallery-cohorts.ts'
import { GalleryHardExamples } from './gallery-hard-examples.ts'
import { GalleryModels } from './gallery-models.ts'
import { GalleryRuns } from './gallery-runs.ts'
import { importGallery, type Imported, type ImportOptions } from './import-gallery.ts'
import type { KeyKeeper, KeySource } from './key-keeper.ts'
import { openStore } from './opening.ts'
import { addPerson, forget, people, person, personByName, rename } from './people.ts'
import { addPhotographs, crop, dropPhotograph, photograph, photographs, putEmbedding } from './photographs.ts'
import type {
  NewPerson,
  NewPhotograph,
  NotSame,
  Person,
  Photograph,
  StalePhotograph,
  StoredEmbedding,
  StoredFeatures,
  Template,
  TemplateOutcome,
} from './records.ts'
import { setSettings, settings } from './settings.ts'
import type { Store } from './store.ts'
import { template, templates } from './templates.ts'

export interface GalleryOptions {
  home: string // folder; made (for its owner alone) where it does not exist
  key: KeySource
  now: () => number // ms since 1970
}

/**
 * The people enrolled on this machine with their photographs and templates, and, each under its name, what else is
 * kept of them: one encrypted SQLite file. Everything is synchronous and on disk when it
 * returns, but opening, exporting and importing. What a caller may ask wrongly comes back as a `Refusal`; trouble that
 * every method can meet (full disk, corruption, a lock held too long) is thrown as a `StorageTrouble`, which carries
 * a `Refusal` too.
 */
export class Gallery {
  /** How this gallery's key is kept. */
  readonly keyKeeper: KeyKeeper
  /** What the user should know about how it was opened, in a sentence. */
  readonly notice: string | null
  readonly attempts: GalleryAttempts
  readonly choices: GalleryChoices
  readonly cohorts: GalleryCohorts
  readonly models: GalleryModels
  readonly runs: GalleryRuns
  readonly hardExamples: GalleryHardExamples
  readonly #store: Store
  readonly #key: Uint8Array

  private constructor(store: Store, key: Uint8Array, keyKeeper: KeyKeeper, notice: string | null) {
    this.#store = store
    this.#key = key
    this.keyKeeper = keyKeeper
    this.notice = notice
    this.attempts = new GalleryAttempts(store)
    this.choices = new GalleryChoices(store)
    this.cohorts = new GalleryCohorts(store)
    this.models = new GalleryModels(store)
    this.runs = new GalleryRuns(store)
    this.hardExamples = new GalleryHardExamples(store)
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

  /** What was ever set; the caller lays it over the defaults. */
  settings(): Partial<Settings> {
    return settings(this.#store)
  }

  setSettings(changed: Partial<Settings>): void {
    this.#store.write(() => setSettings(this.#store, changed))
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
