import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Refusal } from '../contract.ts'
import { attempts } from './attempts.ts'
import { choices, notSame, personalChoices } from './choices.ts'
import { cohorts, strangerCrop } from './cohorts.ts'
import { embeddings, features, modelVersions as versionsThatSaw } from './embeddings.ts'
import { encodeRecord } from './export-records.ts'
import type {
  ExportedAttempt,
  ExportedHardExample,
  ExportedModel,
  ExportedPerson,
  ExportedRest,
} from './export-records.ts'
import { hardExampleCrop, hardExamples } from './hard-examples.ts'
import { people } from './people.ts'
import { crop, photographs } from './photographs.ts'
import type { Person, StoredAttempt } from './records.ts'
import { sealFile } from './sealed-file.ts'
import { settings } from './settings.ts'
import type { Store } from './store.ts'
import { asBytes, strangersThatTrained } from './trained-on.ts'
import { modelHead, modelNetwork, modelVersions, type ModelVersion } from './versions.ts'
import { modelEvents, stored } from './versions-in-use.ts'

export interface TransferOptions {
  /** People and strangers' photographs done, of how many. */
  onProgress?: (done: number, total: number) => void
  signal?: AbortSignal
}

/**
 * Everything as it was at the moment of the call, in one sealed file; others may write meanwhile. What is left out: runs
 * of training, which belong to the machine they ran on; the names that people had before they were renamed, of which only
 * hashes under this gallery's key are kept; what models made of strangers and hard examples, as whoever reads the file
 * looks at their crops.
 */
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
  const strangers = store.all('SELECT id, cohort, stranger FROM cohort_photograph ORDER BY id')
  const total = everybody.length + strangers.length
  let done = 0
  const step = async () => {
    onProgress?.(++done, total)
    await nextTurn()
    signal?.throwIfAborted()
  }
  signal?.throwIfAborted()
  for (const each of modelVersions(store))
    yield encodeRecord({ kind: 'model', model: exportedModel(store, each) })
  for (const { cohort, name, importedAt, mayTrain } of cohorts(store))
    yield encodeRecord({ kind: 'cohort', cohort: { number: cohort, name, importedAt, mayTrain } })
  for (const { id, cohort, stranger } of strangers) {
    const number = Number(id)
    yield encodeRecord({
      kind: 'stranger',
      stranger: {
        number,
        cohort: Number(cohort),
        stranger: Number(stranger),
        crop: strangerCrop(store, number)!,
        embeddings: [],
      },
    })
    await step()
  }
  for (const each of everybody) {
    yield encodeRecord({ kind: 'person', person: exportedPerson(store, each, everyAttempt) })
    await step()
  }
  const rest: ExportedRest = {
    settings: settings(store),
    attempts: everyAttempt.filter(({ person }) => person === null).map(exportedAttempt),
    choices: choices(store),
    notSame: notSame(store),
    modelInUse: stored(store),
    modelEvents: modelEvents(store).reverse(),
  }
  yield encodeRecord({ kind: 'rest', rest })
}

function exportedPerson(store: Store, person: Person, everyAttempt: StoredAttempt[]): ExportedPerson {
  const vectors = versionsThatSaw(store, person.person).flatMap((modelVersion) => {
    const itsFeatures = features(store, modelVersion, person.person)
    return embeddings(store, modelVersion, person.person).map(({ photograph, embedding }, i) => ({
      photograph,
      vectors: { modelVersion, embedding, features: itsFeatures[i]!.features },
    }))
  })
  return {
    number: person.person,
    name: person.name,
    enrolledAt: person.enrolledAt,
    consentAt: person.consentAt,
    skippedViews: person.skippedViews,
    photographs: photographs(store, person.person).map(
      ({ photograph, person: _person, hasCrop: _hasCrop, ...kept }) => ({
        ...kept,
        number: photograph,
        crop: crop(store, photograph),
        embeddings: vectors.filter((each) => each.photograph === photograph).map((each) => each.vectors),
      }),
    ),
    attempts: everyAttempt.filter((attempt) => attempt.person === person.person).map(exportedAttempt),
    personalChoices: personalChoices(store).filter((choice) => choice.person === person.person),
    hardExamples: exportedHardExamples(store, person),
  }
}

function exportedAttempt({ attempt: _attempt, person: _person, ...kept }: StoredAttempt): ExportedAttempt {
  return kept
}

function exportedHardExamples(store: Store, { person }: Person): ExportedHardExample[] {
  return hardExamples(store)
    .filter((example) => example.person === person)
    .map(({ id, kind, keptAt, distance }) => ({
      kind,
      keptAt,
      distance,
      crop: hardExampleCrop(store, id)!,
      embeddings: [],
    }))
}

function exportedModel(store: Store, model: ModelVersion): ExportedModel {
  const { version, kind: _kind, name, madeAt, bytes: _bytes, ...description } = model
  return {
    number: Number(name.split(' ')[1]), // "retrained 3" is the third
    version,
    madeAt,
    description: description as ExportedModel['description'],
    head: modelHead(store, version),
    network: modelNetwork(store, version),
    strangers: asBytes(strangersThatTrained(store, version)),
  }
}
