import type { PersonId, PhotographId } from '../contract.ts'
import type { StalePhotograph, StoredEmbedding, StoredFeatures } from './records.ts'
import type { Store } from './store.ts'

export function embeddings(store: Store, modelVersion: string, person?: PersonId): StoredEmbedding[] {
  return vectors(store, 'embedding', modelVersion, person).map(({ vector, ...of }) => ({
    ...of,
    embedding: vector,
  }))
}

export function features(store: Store, modelVersion: string, person?: PersonId): StoredFeatures[] {
  return vectors(store, 'features', modelVersion, person).map(({ vector, ...of }) => ({
    ...of,
    features: vector,
  }))
}

/** Those that have embedded any photograph of a person. */
export function modelVersions(store: Store, person: PersonId): string[] {
  return store
    .all(
      `SELECT DISTINCT model_version FROM embedding JOIN photograph ON photograph.id = embedding.photograph
       WHERE person = ? ORDER BY model_version`,
      person,
    )
    .map((row) => String(row.model_version))
}

export function stale(store: Store, modelVersion: string): StalePhotograph[] {
  return store
    .all(
      `SELECT id, person, EXISTS (SELECT 1 FROM crop WHERE photograph = photograph.id) AS has_crop
       FROM photograph
       WHERE NOT EXISTS (SELECT 1 FROM embedding WHERE photograph = photograph.id AND model_version = ?)
       ORDER BY id`,
      modelVersion,
    )
    .map((row) => ({
      photograph: Number(row.id),
      person: Number(row.person),
      hasCrop: row.has_crop === 1,
    }))
}

/** Inside `store.write`; the template is the caller's to refresh. */
export function insertEmbedding(
  store: Store,
  photograph: PhotographId,
  person: PersonId,
  modelVersion: string,
  newFeatures: Float32Array,
  newEmbedding: Float32Array,
): void {
  const length = Math.hypot(...newEmbedding)
  // One embedding of NaN would make its person's template match nobody, or everybody.
  if (!(Math.abs(length - 1) < 1e-3)) throw new Error(`an embedding has unit length, not ${length}`)
  if (!newFeatures.every(Number.isFinite)) throw new Error('features must be finite numbers')
  store.run(
    'INSERT OR REPLACE INTO embedding (photograph, model_version, embedding, features) VALUES (?, ?, ?, ?)',
    photograph,
    modelVersion,
    store.seal.sealVector(newEmbedding, place(photograph, modelVersion, 'embedding', person)),
    store.seal.sealVector(newFeatures, place(photograph, modelVersion, 'features', person)),
  )
}

function vectors(
  store: Store,
  column: 'embedding' | 'features',
  modelVersion: string,
  person: PersonId | undefined,
) {
  const sql = `SELECT photograph, person, embedding.${column} AS vector
    FROM embedding JOIN photograph ON photograph.id = embedding.photograph WHERE model_version = ?`
  const rows =
    person === undefined
      ? store.all(`${sql} ORDER BY photograph`, modelVersion)
      : store.all(`${sql} AND person = ? ORDER BY photograph`, modelVersion, person)
  return rows.map((row) => {
    const of = { photograph: Number(row.photograph), person: Number(row.person) }
    const where = place(of.photograph, modelVersion, column, of.person)
    return { ...of, vector: store.seal.openVector(row.vector as Uint8Array, where) }
  })
}

function place(photograph: PhotographId, modelVersion: string, column: string, person: PersonId) {
  return { table: 'embedding', row: `${photograph} ${modelVersion}`, column, person }
}
