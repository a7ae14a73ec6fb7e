import { timingSafeEqual } from 'node:crypto'
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import type { Refusal } from '../contract.ts'
import { asideOf, publish } from './durable-file.ts'
import { keyFileName, masterKey } from './key-keeper.ts'
import type { KeyKeeper, KeySource } from './key-keeper.ts'
import { applicationId, migrate, migrations, version } from './schema.ts'
import { Seal } from './seal.ts'
import { StorageTrouble, storageTrouble } from './storage-trouble.ts'
import { busyTimeoutMs, Store } from './store.ts'

export const galleryFileName = 'gallery.sqlite'

/**
 * Opens the gallery in a folder, or makes a new one where there is none. Refuses as `masterKey` and `StorageTrouble`
 * do, and with 'not-a-gallery' or 'newer-version'.
 */
export async function openStore(of: {
  home: string
  key: KeySource
  now: () => number
}): Promise<
  { kind: 'opened'; store: Store; key: Uint8Array; keyKeeper: KeyKeeper; notice: string | null } | Refusal
> {
  const path = join(of.home, galleryFileName)
  try {
    mkdirSync(of.home, { recursive: true, mode: 0o700 })
    accessSync(of.home, constants.W_OK)
    const isNew = !existsSync(path)
    // A log without its database is a gallery that lost its file; a new one must not swallow it.
    if (isNew && sizeOf(`${path}-wal`) > 0) throw new StorageTrouble('corrupt', 'a log without its database')
    // It may be that making the gallery was cut off after its key; it may be that the gallery was lost.
    const notice = isNew && existsSync(join(of.home, keyFileName)) ? keyWithoutGallery : null
    const master = await masterKey(of.home, of.key, isNew)
    if (master.kind === 'refused') return master
    const seal = new Seal(master.key)
    if (isNew) await createDatabase(path, seal)
    const opened = openDatabase(path, seal)
    if (opened instanceof DatabaseSync)
      return {
        kind: 'opened',
        store: new Store(opened, seal, path, of.now),
        key: master.key,
        keyKeeper: master.keeper,
        notice,
      }
    return opened
  } catch (error) {
    const trouble = storageTrouble(error)
    if (trouble) return trouble.refusal
    throw error
  }
}

/** Whole or not at all: a gallery file of length 0 is never a new gallery, but one that lost everything. */
async function createDatabase(path: string, seal: Seal): Promise<void> {
  const aside = asideOf(path)
  try {
    closeSync(openSync(aside, 'wx', 0o600)) // SQLite gives its log the same permissions
    const database = new DatabaseSync(aside)
    try {
      database.exec(`PRAGMA application_id = ${applicationId}`)
      migrate(database)
      database.prepare('INSERT INTO gallery (key_check) VALUES (?)').run(seal.keyCheck)
      database.exec('PRAGMA journal_mode = WAL')
    } finally {
      database.close()
    }
    await publish(aside, path)
  } finally {
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(aside + suffix, { force: true })
  }
}

function openDatabase(path: string, seal: Seal): DatabaseSync | Refusal {
  accessSync(path, constants.R_OK | constants.W_OK)
  const header = checkHeader(path)
  if (header) return header
  const url = pathToFileURL(path)
  url.searchParams.set('mode', 'rw') // never creates
  const database = new DatabaseSync(url, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true })
  try {
    const refusal = prepare(database, seal)
    if (refusal) database.close()
    return refusal ?? database
  } catch (error) {
    database.close()
    throw error
  }
}

/** The key before anything else: a wrong one changes not a byte. */
function prepare(database: DatabaseSync, seal: Seal): Refusal | null {
  database.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON')
  const found = version(database)
  if (found > migrations.length) return newerVersion
  if (found === 0) throw new StorageTrouble('corrupt', 'no schema')
  const keyCheck = database.prepare('SELECT key_check FROM gallery').get()?.key_check
  if (!(keyCheck instanceof Uint8Array) || keyCheck.length !== seal.keyCheck.length)
    throw new StorageTrouble('corrupt', 'no key check')
  if (!timingSafeEqual(keyCheck, seal.keyCheck)) return wrongKey
  const check = database.prepare('PRAGMA quick_check(1)').get()?.quick_check
  if (check !== 'ok') throw new StorageTrouble('corrupt', String(check))
  database.exec(`
    PRAGMA synchronous = FULL;   -- what is acknowledged survives a power cut
    PRAGMA secure_delete = ON;   -- what is deleted is overwritten
    PRAGMA temp_store = MEMORY;  -- and never lay elsewhere
  `)
  migrate(database)
  return null
}

/** https://www.sqlite.org/fileformat2.html#the_database_header */
function checkHeader(path: string): Refusal | null {
  const header = Buffer.alloc(100)
  const file = openSync(path, 'r')
  try {
    const length = readSync(file, header)
    if (length < 100 || header.toString('latin1', 0, 16) !== 'SQLite format 3\0')
      throw new StorageTrouble('corrupt', 'no SQLite header')
  } finally {
    closeSync(file)
  }
  return header.readUInt32BE(68) === applicationId ? null : notAGallery
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

const keyWithoutGallery = `${keyFileName} was here but ${galleryFileName} was not: an empty gallery was begun. If people were enrolled here, close Semblance and put ${galleryFileName} back from a backup.`

const wrongKey: Refusal = {
  kind: 'refused',
  reason: 'wrong-key',
  message:
    'The key does not belong to this gallery: put the one back that it was made with. Nothing was changed.',
}

const newerVersion: Refusal = {
  kind: 'refused',
  reason: 'newer-version',
  message: 'A newer Semblance made this gallery: update Semblance to open it. Nothing was changed.',
}

const notAGallery: Refusal = {
  kind: 'refused',
  reason: 'not-a-gallery',
  message: `${galleryFileName} in this folder is another program’s database: choose another folder. Nothing was changed.`,
}
