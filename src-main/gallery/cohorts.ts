import type { Cohort, CohortId, CohortPhotographId, Refusal } from '../contract.ts'
import type { NewStranger, StaleStranger, Stranger, StrangerEmbedding } from './records.ts'
import type { Store } from './store.ts'
import { cropId } from './trained-on.ts'

/** People who are not enrolled: crops and embeddings under a number, without a name. In the order they were imported. */
export function cohorts(store: Store): Cohort[] {
  return store
    .all(
      `SELECT id, name, imported_at, may_train, count(stranger) AS photographs, count(DISTINCT stranger) AS people
       FROM cohort LEFT JOIN (SELECT cohort, stranger FROM cohort_photograph) ON cohort = id
       GROUP BY id ORDER BY id`,
    )
    .map((row) => {
      const cohort = Number(row.id)
      return {
        cohort,
        name: store.seal.openText(row.name as Uint8Array, namePlace(cohort)),
        importedAt: Number(row.imported_at),
        people: Number(row.people),
        photographs: Number(row.photographs),
        mayTrain: row.may_train === 1,
      }
    })
}

/** Inside `store.write`. */
export function addCohort(store: Store, name: string): CohortId {
  const id = store.nextId('cohort')
  store.run(
    'INSERT INTO cohort (id, name, imported_at, may_train) VALUES (?, ?, ?, 0)',
    id,
    store.seal.sealText(name, namePlace(id)),
    Math.round(store.now()),
  )
  return id
}

/** Inside `store.write`. Refuses with 'no-such-cohort' and 'same-photograph'. */
export function addStranger(
  store: Store,
  cohort: CohortId,
  { modelVersion, embedding, ...stranger }: NewStranger,
): { kind: 'added'; photograph: CohortPhotographId } | Refusal {
  const added = addStrangerUnseen(store, cohort, stranger)
  if (added.kind === 'added') putStrangerEmbedding(store, added.photograph, modelVersion, embedding)
  return added
}

/** Inside `store.write`: every model has to look at the crop first. Refuses as `addStranger` does. */
export function addStrangerUnseen(
  store: Store,
  cohort: CohortId,
  { stranger, crop, cropHash }: Pick<NewStranger, 'stranger' | 'crop' | 'cropHash'>,
): { kind: 'added'; photograph: CohortPhotographId } | Refusal {
  if (!store.get('SELECT id FROM cohort WHERE id = ?', cohort)) return noSuchCohort
  const tag = store.seal.tag(`${cohort} ${cropHash}`)
  if (store.get('SELECT id FROM cohort_photograph WHERE crop_tag = ?', tag))
    return {
      kind: 'refused',
      reason: 'same-photograph',
      message: 'This photograph is in the cohort already.',
    }
  const id = store.nextId('cohort_photograph')
  store.run(
    'INSERT INTO cohort_photograph (id, cohort, stranger, crop_tag, png, crop_hash) VALUES (?, ?, ?, ?, ?, ?)',
    id,
    cohort,
    stranger,
    tag,
    store.seal.seal(crop, cropPlace(id)),
    store.seal.sealText(cropHash, hashPlace(id)),
  )
  return { kind: 'added', photograph: id }
}

/** Every photograph of every cohort, whichever model has seen it. */
export function strangers(store: Store): Stranger[] {
  return store
    .all(
      `SELECT cohort_photograph.id, cohort, stranger, crop_hash, may_train FROM cohort_photograph
       JOIN cohort ON cohort.id = cohort ORDER BY cohort, stranger, cohort_photograph.id`,
    )
    .map((row) => {
      const photograph = Number(row.id)
      const sealed = row.crop_hash as Uint8Array | null
      const hash = sealed && store.seal.openText(sealed, hashPlace(photograph))
      return {
        photograph,
        cohort: Number(row.cohort),
        stranger: Number(row.stranger),
        crop: hash === null ? null : cropId(hash),
        mayTrain: row.may_train === 1,
      }
    })
}

/** Photographs that were kept before their hash was. */
export function strangersWithoutHash(store: Store): StaleStranger[] {
  return store
    .all('SELECT id FROM cohort_photograph WHERE crop_hash IS NULL ORDER BY id')
    .map(({ id }) => ({ photograph: Number(id) }))
}

/** Inside `store.write`. False where the photograph has been removed meanwhile. */
export function putStrangerHash(store: Store, photograph: CohortPhotographId, cropHash: string): boolean {
  const sealed = store.seal.sealText(cropHash, hashPlace(photograph))
  return store.run('UPDATE cohort_photograph SET crop_hash = ? WHERE id = ?', sealed, photograph) > 0
}

/** Inside `store.write`. False where the photograph has been removed meanwhile. */
export function putStrangerEmbedding(
  store: Store,
  photograph: CohortPhotographId,
  modelVersion: string,
  embedding: Float32Array,
): boolean {
  if (!store.get('SELECT id FROM cohort_photograph WHERE id = ?', photograph)) return false
  const length = Math.hypot(...embedding)
  if (!(Math.abs(length - 1) < 1e-3)) throw new Error(`an embedding has unit length, not ${length}`)
  store.run(
    'INSERT OR REPLACE INTO cohort_embedding (photograph, model_version, embedding) VALUES (?, ?, ?)',
    photograph,
    modelVersion,
    store.seal.sealVector(embedding, embeddingPlace(photograph, modelVersion)),
  )
  return true
}

/** Of one cohort, or of all. */
export function strangerEmbeddings(
  store: Store,
  modelVersion: string,
  cohort: CohortId | null,
): StrangerEmbedding[] {
  return store
    .all(
      `SELECT id, cohort, stranger, embedding FROM cohort_photograph
       JOIN cohort_embedding ON photograph = id
       WHERE model_version = ?1 AND (?2 IS NULL OR cohort = ?2) ORDER BY cohort, stranger, id`,
      modelVersion,
      cohort,
    )
    .map((row) => {
      const photograph = Number(row.id)
      return {
        photograph,
        cohort: Number(row.cohort),
        stranger: Number(row.stranger),
        embedding: store.seal.openVector(
          row.embedding as Uint8Array,
          embeddingPlace(photograph, modelVersion),
        ),
      }
    })
}

/** Photographs of strangers that this model version has not embedded yet. */
export function staleStrangers(store: Store, modelVersion: string): StaleStranger[] {
  return store
    .all(
      `SELECT id FROM cohort_photograph WHERE NOT EXISTS
         (SELECT 1 FROM cohort_embedding WHERE photograph = cohort_photograph.id AND model_version = ?)
       ORDER BY id`,
      modelVersion,
    )
    .map(({ id }) => ({ photograph: Number(id) }))
}

export function strangerCrop(store: Store, photograph: CohortPhotographId): Uint8Array | null {
  const row = store.get('SELECT png FROM cohort_photograph WHERE id = ?', photograph)
  return row ? store.seal.open(row.png as Uint8Array, cropPlace(photograph)) : null
}

/** Inside `store.write`. Refuses with 'no-such-photograph'. */
export function dropStranger(store: Store, photograph: CohortPhotographId): { kind: 'dropped' } | Refusal {
  return store.run('DELETE FROM cohort_photograph WHERE id = ?', photograph) > 0
    ? { kind: 'dropped' }
    : {
        kind: 'refused',
        reason: 'no-such-photograph',
        message: 'This photograph is in no cohort (any more).',
      }
}

/** Inside `store.write`. Refuses with 'no-such-cohort'. */
export function removeCohort(store: Store, cohort: CohortId): { kind: 'removed' } | Refusal {
  return store.run('DELETE FROM cohort WHERE id = ?', cohort) > 0 ? { kind: 'removed' } : noSuchCohort
}

/** Inside `store.write`. Refuses with 'no-such-cohort'. */
export function setMayTrain(store: Store, cohort: CohortId, mayTrain: boolean): { kind: 'set' } | Refusal {
  return store.run('UPDATE cohort SET may_train = ? WHERE id = ?', mayTrain ? 1 : 0, cohort) > 0
    ? { kind: 'set' }
    : noSuchCohort
}

/** Changes whenever a stranger's photograph comes or goes. */
export function cohortFingerprint(store: Store, cohort: CohortId | null): string {
  const { ids } = store.get(
    `SELECT group_concat(id, ' ') AS ids
     FROM (SELECT id FROM cohort_photograph WHERE ?1 IS NULL OR cohort = ?1 ORDER BY id)`,
    cohort,
  )!
  return String(ids ?? '')
}

export const noSuchCohort: Refusal = {
  kind: 'refused',
  reason: 'no-such-cohort',
  message: 'There is no such cohort (any more).',
}

function namePlace(cohort: CohortId) {
  return { table: 'cohort', row: cohort, column: 'name', person: null }
}

function cropPlace(photograph: CohortPhotographId) {
  return { table: 'cohort_photograph', row: photograph, column: 'png', person: null }
}

function hashPlace(photograph: CohortPhotographId) {
  return { table: 'cohort_photograph', row: photograph, column: 'crop_hash', person: null }
}

function embeddingPlace(photograph: CohortPhotographId, modelVersion: string) {
  return {
    table: 'cohort_embedding',
    row: `${photograph} ${modelVersion}`,
    column: 'embedding',
    person: null,
  }
}
