import type { PersonId, PhotographId, QualityMeasure, Refusal, View } from '../contract.ts'
import { insertEmbedding } from './embeddings.ts'
import type { NewPhotograph, Photograph, TakenWith } from './records.ts'
import { noSuchPhotograph, notEnrolled } from './refusals.ts'
import type { Row, Store } from './store.ts'
import { refreshTemplate, refreshTemplates } from './templates.ts'

const columns = `
  SELECT id, person, captured_at, source, view, crop_hash, quality, taken,
    EXISTS (SELECT 1 FROM crop WHERE photograph = photograph.id) AS has_crop
  FROM photograph`

export function photographs(store: Store, person: PersonId): Photograph[] {
  return store.all(`${columns} WHERE person = ? ORDER BY id`, person).map((row) => asPhotograph(store, row))
}

export function photograph(store: Store, id: PhotographId): Photograph | null {
  const row = store.get(`${columns} WHERE id = ?`, id)
  return row ? asPhotograph(store, row) : null
}

export function crop(store: Store, id: PhotographId): Uint8Array | null {
  const row = store.get(
    'SELECT person, png FROM photograph JOIN crop ON crop.photograph = photograph.id WHERE id = ?',
    id,
  )
  return row ? store.seal.open(row.png as Uint8Array, place(id, Number(row.person), 'crop')) : null
}

/** Inside `store.write`; the person's template is refreshed once, when all are in. */
export function addPhotographs(
  store: Store,
  person: PersonId,
  added: NewPhotograph[],
): { kind: 'added'; photographs: PhotographId[] } | Refusal {
  if (!store.get('SELECT id FROM person WHERE id = ?', person)) return notEnrolled
  const ids = added.map((newPhotograph) => insertPhotograph(store, person, newPhotograph))
  for (const modelVersion of new Set(added.map((each) => each.modelVersion)))
    refreshTemplate(store, person, modelVersion)
  return { kind: 'added', photographs: ids }
}

/** Inside `store.write`. */
export function putEmbedding(
  store: Store,
  photograph: PhotographId,
  modelVersion: string,
  newFeatures: Float32Array,
  newEmbedding: Float32Array,
): { kind: 'put' } | Refusal {
  const row = store.get('SELECT person FROM photograph WHERE id = ?', photograph)
  if (!row) return noSuchPhotograph
  const person = Number(row.person)
  insertEmbedding(store, photograph, person, modelVersion, newFeatures, newEmbedding)
  refreshTemplate(store, person, modelVersion)
  return { kind: 'put' }
}

/** Inside `store.write`. */
export function dropPhotograph(store: Store, id: PhotographId): { kind: 'dropped' } | Refusal {
  const row = store.get('SELECT person FROM photograph WHERE id = ?', id)
  if (!row) return noSuchPhotograph
  store.run('DELETE FROM photograph WHERE id = ?', id)
  refreshTemplates(store, Number(row.person))
  return { kind: 'dropped' }
}

function insertPhotograph(store: Store, person: PersonId, added: NewPhotograph): PhotographId {
  const { seal } = store
  const id = store.nextId('photograph')
  store.run(
    `INSERT INTO photograph (id, person, captured_at, source, view, crop_hash, quality, taken)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    id,
    person,
    Math.round(added.capturedAt),
    added.source,
    added.view,
    seal.sealText(added.cropHash, place(id, person, 'crop_hash')),
    seal.sealText(JSON.stringify(added.quality), place(id, person, 'quality')),
    added.taken ? seal.sealText(JSON.stringify(added.taken), place(id, person, 'taken')) : null,
  )
  if (added.crop)
    store.run(
      'INSERT INTO crop (photograph, png) VALUES (?, ?)',
      id,
      seal.seal(added.crop, place(id, person, 'crop')),
    )
  insertEmbedding(store, id, person, added.modelVersion, added.features, added.embedding)
  return id
}

function place(id: PhotographId, person: PersonId, column: string) {
  return { table: 'photograph', row: id, column, person }
}

function asPhotograph(store: Store, row: Row): Photograph {
  const id = Number(row.id)
  const person = Number(row.person)
  const taken = row.taken as Uint8Array | null
  return {
    photograph: id,
    person,
    cropHash: store.seal.openText(row.crop_hash as Uint8Array, place(id, person, 'crop_hash')),
    hasCrop: row.has_crop === 1,
    capturedAt: Number(row.captured_at),
    source: row.source as 'camera' | 'file',
    ...(taken && { taken: JSON.parse(store.seal.openText(taken, place(id, person, 'taken'))) as TakenWith }),
    view: row.view as View | null,
    quality: JSON.parse(
      store.seal.openText(row.quality as Uint8Array, place(id, person, 'quality')),
    ) as QualityMeasure[],
  }
}
