import { createHash } from 'node:crypto'
import type { PersonId, Refusal } from '../contract.ts'
import type { Store } from './store.ts'
import { forgetWayBack, modelInUse } from './versions-in-use.ts'

/** What a run leaves: a head over the embedding of the pre-trained net, and all there is to know about it. */
export interface NewModelVersion {
  /** The pre-trained version the head belongs to: "1". */
  base: string
  /** The version it was trained from. */
  parent: string
  /** What the run was told, so that it can be run again: JSON. */
  recipe: unknown
  processor: string
  seconds: number
  trainedOn: {
    people: PersonId[]
    photographs: number
    /** In words: "2,000 virtual strangers". */
    others: string
    /** SHA-256 over the training photographs' crops and owners. */
    hash: string
  }
  verdict: 'promote' | 'reject'
  /** Before and after, as the gate saw it: JSON. */
  report: unknown
  /** What thresholds it is used with until they are tuned: JSON. */
  card: unknown
  /** Row by row, embedding × head. Sealed: it was made from faces. */
  head: Float32Array
}

export interface ModelVersion extends Omit<NewModelVersion, 'head'> {
  /** Of the base and of its very numbers, so that no two heads of two galleries have one version. */
  version: string
  name: string // "retrained 3"
  madeAt: number // ms since 1970
  headBytes: number
}

/** Inside `store.write`. Refuses with 'same-model'. */
export function addModelVersion(
  store: Store,
  { head, ...described }: NewModelVersion,
): { kind: 'added'; version: string } | Refusal {
  if (!head.every(Number.isFinite)) throw new Error('a head holds finite numbers only')
  const version = versionOf(described.base, head)
  if (store.get('SELECT id FROM model_version WHERE version = ?', version))
    return {
      kind: 'refused',
      reason: 'same-model',
      message: `This very model is there already, as ${version}.`,
    }
  const id = store.nextId('model_version')
  store.run(
    'INSERT INTO model_version (id, version, made_at, description, head) VALUES (?, ?, ?, ?, ?)',
    id,
    version,
    Math.round(store.now()),
    store.seal.sealText(JSON.stringify(described), place(version, 'description')),
    store.seal.sealVector(head, place(version, 'head')),
  )
  return { kind: 'added', version }
}

/** "1-3fa2b81c90de": the base and what the head's bytes hash to. */
export function versionOf(base: string, head: Float32Array): string {
  const bytes = new Uint8Array(head.buffer, head.byteOffset, head.byteLength)
  return `${base}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}`
}

export function modelVersions(store: Store): ModelVersion[] {
  return store
    .all('SELECT id, version, made_at, description, length(head) AS bytes FROM model_version ORDER BY id')
    .map((row) => ({
      ...(JSON.parse(
        store.seal.openText(row.description as Uint8Array, place(String(row.version), 'description')),
      ) as Omit<NewModelVersion, 'head'>),
      version: String(row.version),
      name: `retrained ${row.id}`,
      madeAt: Number(row.made_at),
      headBytes: Number(row.bytes),
    }))
}

export function modelVersion(store: Store, version: string): ModelVersion | null {
  return modelVersions(store).find((each) => each.version === version) ?? null
}

export function modelHead(store: Store, version: string): Float32Array | null {
  const row = store.get('SELECT head FROM model_version WHERE version = ?', version)
  return row ? store.seal.openVector(row.head as Uint8Array, place(version, 'head')) : null
}

/**
 * Inside `store.write`: with what it made of every photograph. Refuses with 'no-such-model', 'in-use', 'way-back' (what
 * a rollback would give) and 'only-features' (a photograph without a crop that no other model has seen).
 */
export function removeModelVersion(store: Store, version: string): { kind: 'removed' } | Refusal {
  const { inUse, replaced } = modelInUse(store)
  if (inUse === version)
    return { kind: 'refused', reason: 'in-use', message: 'This model is in use: roll back first.' }
  if (replaced.at(-1) === version)
    return {
      kind: 'refused',
      reason: 'way-back',
      message: 'This model is the way back from the one in use: it stays.',
    }
  const only = store.get(
    `SELECT count(*) AS n FROM photograph WHERE id IN (SELECT photograph FROM embedding WHERE model_version = ?1)
     AND id NOT IN (SELECT photograph FROM embedding WHERE model_version <> ?1)
     AND id NOT IN (SELECT photograph FROM crop)`,
    version,
  )!
  if (Number(only.n) > 0)
    return {
      kind: 'refused',
      reason: 'only-features',
      message: 'Some photographs were kept by this model alone, without their crops: they would be lost.',
    }
  if (store.run('DELETE FROM model_version WHERE version = ?', version) === 0) return noSuchModel
  for (const table of ['embedding', 'template', 'cohort_embedding'])
    store.run(`DELETE FROM ${table} WHERE model_version = ?`, version)
  forgetWayBack(store, version)
  return { kind: 'removed' }
}

export const noSuchModel: Refusal = {
  kind: 'refused',
  reason: 'no-such-model',
  message: 'There is no such model (any more): semblance models lists them.',
}

function place(version: string, column: string) {
  return { table: 'model_version', row: version, column, person: null }
}
