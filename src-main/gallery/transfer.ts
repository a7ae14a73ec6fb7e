import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { Refusal } from '../contract.ts'
import { addAttempt, attempts } from './attempts.ts'
import { embeddings, features, insertEmbedding, modelVersions } from './embeddings.ts'
import { decodeRecords, encodeRecord } from './export-records.ts'
import type { ExportedAttempt, ExportedPerson, ExportedRest } from './export-records.ts'
import { addPerson, people } from './people.ts'
import { addPhotographs, crop, photographs } from './photographs.ts'
import type { Person, StoredAttempt } from './records.ts'
import { openFile, refuse, sealFile } from './sealed-file.ts'
import { setSettings, settings } from './settings.ts'
import type { Store } from './store.ts'
import { refreshTemplates, templates } from './templates.ts'

export interface TransferOptions {
  /** People done, of how many. */
  onProgress?: (done: number, total: number) => void
  signal?: AbortSignal
}

export interface Imported {
  kind: 'imported'
  people: number
  photographs: number
  /** Names that were taken here already; those people stayed out, and those here stayed as they are. */
  skipped: string[]
  /** Stopped by the signal: who had been imported stays. */
  cancelled: boolean
}

/** Everything as it was at the moment of the call, in one sealed file; others may write meanwhile. */
export async function exportGallery(
  store: Store,
  passphrase: string,
  { onProgress, signal }: TransferOptions = {},
): Promise<{ kind: 'exported'; bytes: Uint8Array } | Refusal> {
  const snapshot = store.snapshot()
  try {
    return { kind: 'exported', bytes: await sealFile(records(snapshot, onProgress, signal), passphrase) }
  } catch (error) {
    if (signal?.aborted) return { kind: 'refused', reason: 'cancelled', message: 'Nothing was exported.' }
    throw error
  } finally {
    snapshot.close()
  }
}

async function* records(
  store: Store,
  onProgress: TransferOptions['onProgress'],
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const everybody = people(store)
  const everyAttempt = attempts(store, { limit: -1 }).reverse() // oldest first; −1 is SQLite's "no limit"
  for (const [done, each] of everybody.entries()) {
    signal?.throwIfAborted()
    yield encodeRecord({ kind: 'person', person: exportedPerson(store, each, everyAttempt) })
    onProgress?.(done + 1, everybody.length)
    await nextTurn()
  }
  const rest: ExportedRest = {
    settings: settings(store),
    attempts: everyAttempt.filter(({ person }) => person === null).map(exportedAttempt),
  }
  yield encodeRecord({ kind: 'rest', rest })
}

function exportedPerson(store: Store, person: Person, everyAttempt: StoredAttempt[]): ExportedPerson {
  const vectors = modelVersions(store, person.person).flatMap((modelVersion) => {
    const itsFeatures = features(store, modelVersion, person.person)
    return embeddings(store, modelVersion, person.person).map(({ photograph, embedding }, i) => ({
      photograph,
      vectors: { modelVersion, embedding, features: itsFeatures[i]!.features },
    }))
  })
  return {
    name: person.name,
    enrolledAt: person.enrolledAt,
    consentAt: person.consentAt,
    skippedViews: person.skippedViews,
    photographs: photographs(store, person.person).map(
      ({ photograph, person: _person, hasCrop: _hasCrop, ...kept }) => ({
        ...kept,
        crop: crop(store, photograph),
        embeddings: vectors.filter((each) => each.photograph === photograph).map((each) => each.vectors),
      }),
    ),
    attempts: everyAttempt.filter((attempt) => attempt.person === person.person).map(exportedAttempt),
  }
}

function exportedAttempt({ attempt: _attempt, person: _person, ...kept }: StoredAttempt): ExportedAttempt {
  return kept
}

/**
 * Adds an exported gallery's people, each in a transaction of their own. Settings, and attempts against nobody who is
 * enrolled, are taken over only into a gallery that is empty, as after the loss of the machine.
 */
export async function importGallery(
  store: Store,
  bytes: Uint8Array,
  passphrase: string,
  { onProgress, signal }: TransferOptions = {},
): Promise<Imported | Refusal> {
  const opened = await openFile(bytes, passphrase)
  if (opened.kind === 'refused') return opened
  const file = decodeRecords(opened.plain)
  if (!file || !fits(store, file.people)) return refuse('damaged')

  const imported: Imported = { kind: 'imported', people: 0, photographs: 0, skipped: [], cancelled: false }
  store.write(() => restoreRest(store, file.rest))
  for (const [done, each] of file.people.entries()) {
    if (signal?.aborted) return { ...imported, cancelled: true }
    if (store.write(() => importPerson(store, each)).kind === 'refused') imported.skipped.push(each.name)
    else {
      imported.people += 1
      imported.photographs += each.photographs.length
    }
    onProgress?.(done + 1, file.people.length)
    await sleep(1) // the lock is free for as long, so that another process gets its turn
  }
  return imported
}

function restoreRest(store: Store, rest: ExportedRest): void {
  if (store.get('SELECT 1 FROM person UNION ALL SELECT 1 FROM attempt UNION ALL SELECT 1 FROM setting'))
    return
  setSettings(store, rest.settings)
  for (const attempt of rest.attempts) addAttempt(store, { ...attempt, person: null })
}

/** Names were checked with the file, so that a refusal means: taken. */
function importPerson(store: Store, person: ExportedPerson): { kind: 'imported' } | Refusal {
  const added = addPerson(store, person, person.enrolledAt)
  if (added.kind === 'refused') return added
  const firsts = person.photographs.map(({ embeddings, ...kept }) => ({ ...kept, ...embeddings[0]! }))
  const kept = addPhotographs(store, added.person, firsts)
  if (kept.kind === 'refused') return kept
  person.photographs.forEach(({ embeddings }, i) => {
    for (const { modelVersion, features, embedding } of embeddings.slice(1))
      insertEmbedding(store, kept.photographs[i]!, added.person, modelVersion, features, embedding)
  })
  refreshTemplates(store, added.person)
  for (const attempt of person.attempts) addAttempt(store, { ...attempt, person: added.person })
  return { kind: 'imported' }
}

/** Whether all embeddings of one model version, here and in the file, have as many numbers. */
function fits(store: Store, people: ExportedPerson[]): boolean {
  const lengths = new Map<string, number>()
  const versions = store.all('SELECT DISTINCT model_version FROM template')
  for (const row of versions) {
    const modelVersion = String(row.model_version)
    lengths.set(modelVersion, templates(store, modelVersion)[0]!.embedding.length)
  }
  return people
    .flatMap(({ photographs }) => photographs.flatMap(({ embeddings }) => embeddings))
    .every(({ modelVersion, embedding }) => {
      if (!lengths.has(modelVersion)) lengths.set(modelVersion, embedding.length)
      return lengths.get(modelVersion) === embedding.length
    })
}
