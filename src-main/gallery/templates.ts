import type { PersonId } from '../contract.ts'
import { embeddings, modelVersions } from './embeddings.ts'
import type { Template, TemplateOutcome } from './records.ts'
import type { Row, Store } from './store.ts'

export function template(store: Store, person: PersonId, modelVersion: string): TemplateOutcome {
  const row = store.get('SELECT * FROM template WHERE person = ? AND model_version = ?', person, modelVersion)
  if (row) return { kind: 'template', template: asTemplate(store, row) }
  const others = store.all('SELECT model_version FROM template WHERE person = ? ORDER BY 1', person)
  return others.length > 0
    ? { kind: 'other-version', modelVersions: others.map((other) => String(other.model_version)) }
    : { kind: 'none' }
}

export function templates(store: Store, modelVersion: string): Template[] {
  return store
    .all('SELECT * FROM template WHERE model_version = ? ORDER BY person', modelVersion)
    .map((row) => asTemplate(store, row))
}

/** Inside the transaction that changed a person's photographs: under every version they have, or had. */
export function refreshTemplates(store: Store, person: PersonId): void {
  const had = store.all('SELECT model_version FROM template WHERE person = ?', person)
  const versions = new Set([...had.map((row) => String(row.model_version)), ...modelVersions(store, person)])
  for (const modelVersion of versions) refreshTemplate(store, person, modelVersion)
}

/** As `refreshTemplates`, under one version. */
export function refreshTemplate(store: Store, person: PersonId, modelVersion: string): void {
  const all = embeddings(store, modelVersion, person).map(({ embedding }) => embedding)
  const mean = unitMean(all)
  if (mean)
    store.run(
      'INSERT OR REPLACE INTO template (person, model_version, embedding, photographs) VALUES (?, ?, ?, ?)',
      person,
      modelVersion,
      store.seal.sealVector(mean, place(person, modelVersion)),
      all.length,
    )
  else store.run('DELETE FROM template WHERE person = ? AND model_version = ?', person, modelVersion)
}

/** The mean's direction, [dimensions] from [photographs][dimensions]; null of none, or where they cancel out. */
function unitMean(embeddings: Float32Array[]): Float32Array | null {
  const sum = new Float64Array(embeddings[0]?.length ?? 0)
  for (const embedding of embeddings) {
    if (embedding.length !== sum.length)
      throw new Error(`embeddings of one model version have ${sum.length} numbers, not ${embedding.length}`)
    embedding.forEach((value, i) => (sum[i]! += value))
  }
  const length = Math.hypot(...sum)
  return length > 1e-6 ? Float32Array.from(sum, (value) => value / length) : null
}

function place(person: PersonId, modelVersion: string) {
  return { table: 'template', row: `${person} ${modelVersion}`, column: 'embedding', person }
}

function asTemplate(store: Store, row: Row): Template {
  const person = Number(row.person)
  const modelVersion = String(row.model_version)
  return {
    person,
    modelVersion,
    embedding: store.seal.openVector(row.embedding as Uint8Array, place(person, modelVersion)),
    photographs: Number(row.photographs),
  }
}
