import type { PersonId } from '../contract.ts'
import type { Store } from './store.ts'

/**
 * Crops of strangers that trained a model, or one that it descends from: whoever was trained on judges nobody. Each is
 * the first 16 bytes of the SHA-256 of its pixels, hexadecimal, so that it is known again in another cohort, too.
 */
export function strangersThatTrained(store: Store, version: string): Set<string> {
  const row = store.get('SELECT strangers FROM trained_on WHERE model_version = ?', version)
  return new Set(row ? asCrops(store.seal.open(row.strangers as Uint8Array, place(version))) : [])
}

/** Whether anything is known of whom this version was trained on: of nobody, nothing is kept. */
export function isRecorded(store: Store, version: string): boolean {
  return store.get('SELECT 1 FROM trained_on WHERE model_version = ?', version) !== undefined
}

/**
 * Inside `store.write`: besides what is known of this version. What it says outlives the version, so that a model that
 * comes back from a file is known again.
 */
export function putStrangersThatTrained(store: Store, version: string, crops: Iterable<string>): void {
  const all = strangersThatTrained(store, version)
  for (const crop of crops) all.add(crop)
  if (all.size === 0) return
  store.run(
    'INSERT OR REPLACE INTO trained_on (model_version, strangers) VALUES (?, ?)',
    version,
    store.seal.seal(asBytes(all), place(version)),
  )
}

/** Enrolled people whom a model was trained on that was here and was deleted; nobody where none is known. */
export function peopleOfDeleted(store: Store, version: string): PersonId[] {
  const row = store.get('SELECT strangers FROM trained_on WHERE model_version = ?', peopleOf(version))
  return row
    ? (JSON.parse(store.seal.openText(row.strangers as Uint8Array, place(peopleOf(version)))) as PersonId[])
    : []
}

/** Inside `store.write`, before a version goes: should it come back from a file, its people are known again. */
export function putPeopleOfDeleted(store: Store, version: string, people: readonly PersonId[]): void {
  if (people.length === 0) return
  const sealed = store.seal.sealText(JSON.stringify(people), place(peopleOf(version)))
  store.run(
    'INSERT OR REPLACE INTO trained_on (model_version, strangers) VALUES (?, ?)',
    peopleOf(version),
    sealed,
  )
}

/** No version has a space in it. */
const peopleOf = (version: string) => `people of ${version}`

/** As a model's row and a file know a crop. */
export function cropId(cropHash: string): string {
  return cropHash.slice(0, 2 * cropIdBytes)
}

/** Sixteen bytes each, in an order that tells nothing. */
export function asBytes(crops: Iterable<string>): Buffer {
  return Buffer.from([...crops].sort().join(''), 'hex')
}

export function asCrops(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes).toString('hex')
  return Array.from({ length: Math.floor(bytes.length / cropIdBytes) }, (_, i) =>
    text.slice(2 * cropIdBytes * i, 2 * cropIdBytes * (i + 1)),
  )
}

export const cropIdBytes = 16

function place(version: string) {
  return { table: 'trained_on', row: version, column: 'strangers', person: null }
}
