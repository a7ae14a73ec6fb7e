import type { HardExample, PersonId, Refusal } from '../contract.ts'
import { person } from './people.ts'
import type { HardExampleEmbedding, NewHardExample } from './records.ts'
import { notEnrolled } from './refusals.ts'
import type { Row, Store } from './store.ts'

/** Probes that were decided wrongly, the oldest first. They train, and never decide about anybody. */
export function hardExamples(store: Store): HardExample[] {
  return store.all('SELECT id, kind, person, kept_at, distance FROM hard_example ORDER BY id').map((row) => ({
    id: Number(row.id),
    keptAt: Number(row.kept_at),
    kind: row.kind as HardExample['kind'],
    person: Number(row.person),
    name: person(store, Number(row.person))!.name,
    distance: Number(row.distance),
  }))
}

/** Inside `store.write`. Refuses with 'not-enrolled' and 'same-photograph'. */
export function addHardExample(
  store: Store,
  { modelVersion, embedding, features, ...example }: NewHardExample,
): { kind: 'kept'; id: number } | Refusal {
  const kept = addHardExampleUnseen(store, example)
  if (kept.kind === 'kept') putHardExampleEmbedding(store, kept.id, modelVersion, features, embedding)
  return kept
}

/** Inside `store.write`: every model has to look at the crop first. Refuses as `addHardExample` does. */
export function addHardExampleUnseen(
  store: Store,
  {
    kind,
    person: of,
    distance,
    crop,
    cropHash,
  }: Omit<NewHardExample, 'modelVersion' | 'embedding' | 'features'>,
): { kind: 'kept'; id: number } | Refusal {
  if (!person(store, of)) return notEnrolled
  const tag = store.seal.tag(`hard example ${cropHash}`)
  if (store.get('SELECT id FROM hard_example WHERE crop_tag = ?', tag))
    return { kind: 'refused', reason: 'same-photograph', message: 'This picture is kept already.' }
  const id = store.nextId('hard_example')
  store.run(
    'INSERT INTO hard_example (id, kind, person, kept_at, distance, crop_tag, png) VALUES (?, ?, ?, ?, ?, ?, ?)',
    id,
    kind,
    of,
    Math.round(store.now()),
    distance,
    tag,
    store.seal.seal(crop, cropPlace(id, of)),
  )
  return { kind: 'kept', id }
}

/** The kept crop's PNG; null where there is no such example. */
export function hardExampleCrop(store: Store, id: number): Uint8Array | null {
  const row = store.get('SELECT person, png FROM hard_example WHERE id = ?', id)
  return row ? store.seal.open(row.png as Uint8Array, cropPlace(id, Number(row.person))) : null
}

/** Inside `store.write`. Refuses with 'no-such-example'. */
export function dropHardExample(store: Store, id: number): { kind: 'dropped' } | Refusal {
  return store.run('DELETE FROM hard_example WHERE id = ?', id) > 0
    ? { kind: 'dropped' }
    : { kind: 'refused', reason: 'no-such-example', message: 'This picture is not kept (any more).' }
}

/** As one model version sees them. */
export function hardExampleEmbeddings(store: Store, modelVersion: string): HardExampleEmbedding[] {
  return store
    .all(
      `SELECT id, kind, person, embedding, features FROM hard_example JOIN hard_example_embedding ON example = id
       WHERE model_version = ? ORDER BY id`,
      modelVersion,
    )
    .map((row) => ({
      id: Number(row.id),
      kind: row.kind as HardExample['kind'],
      person: Number(row.person),
      embedding: vector(store, row, 'embedding', modelVersion),
      features: vector(store, row, 'features', modelVersion),
    }))
}

/** Those that this model version has not embedded yet. */
export function staleHardExamples(store: Store, modelVersion: string): number[] {
  return store
    .all(
      `SELECT id FROM hard_example WHERE id NOT IN
         (SELECT example FROM hard_example_embedding WHERE model_version = ?) ORDER BY id`,
      modelVersion,
    )
    .map(({ id }) => Number(id))
}

/** Inside `store.write`. False where it has been dropped meanwhile. */
export function putHardExampleEmbedding(
  store: Store,
  id: number,
  modelVersion: string,
  features: Float32Array,
  embedding: Float32Array,
): boolean {
  const row = store.get('SELECT person FROM hard_example WHERE id = ?', id)
  if (!row) return false
  const of = Number(row.person)
  store.run(
    'INSERT OR REPLACE INTO hard_example_embedding (example, model_version, embedding, features) VALUES (?, ?, ?, ?)',
    id,
    modelVersion,
    store.seal.sealVector(embedding, vectorPlace(id, of, 'embedding', modelVersion)),
    store.seal.sealVector(features, vectorPlace(id, of, 'features', modelVersion)),
  )
  return true
}

function vector(store: Store, row: Row, column: 'embedding' | 'features', modelVersion: string) {
  const place = vectorPlace(Number(row.id), Number(row.person), column, modelVersion)
  return store.seal.openVector(row[column] as Uint8Array, place)
}

function cropPlace(id: number, of: PersonId) {
  return { table: 'hard_example', row: id, column: 'png', person: of }
}

function vectorPlace(id: number, of: PersonId, column: string, modelVersion: string) {
  return { table: 'hard_example_embedding', row: `${id} ${modelVersion}`, column, person: of }
}
