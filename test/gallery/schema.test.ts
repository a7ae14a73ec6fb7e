import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { Gallery } from '../../src-main/gallery/gallery.ts'
import { masterKey } from '../../src-main/gallery/key-keeper.ts'
import { migrate, migrations } from '../../src-main/gallery/schema.ts'
import { Seal } from '../../src-main/gallery/seal.ts'
import { enrolled, galleryBytes, newHome, openGallery, photographOf } from './fixture.ts'

/** Version 1 as it was released, written out: must never change, even if `schema.ts` does. */
const version1 = `
  PRAGMA application_id = ${0x536d626c};
  CREATE TABLE gallery (key_check BLOB NOT NULL) STRICT;
  CREATE TABLE person (id INTEGER PRIMARY KEY AUTOINCREMENT, name BLOB NOT NULL, name_tag BLOB NOT NULL UNIQUE,
    enrolled_at INTEGER NOT NULL, consent_at INTEGER NOT NULL, skipped_views TEXT NOT NULL) STRICT;
  CREATE TABLE photograph (id INTEGER PRIMARY KEY AUTOINCREMENT,
    person INTEGER NOT NULL REFERENCES person ON DELETE CASCADE, captured_at INTEGER NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('camera', 'file')), view TEXT, crop_hash BLOB NOT NULL,
    quality BLOB NOT NULL) STRICT;
  CREATE INDEX photograph_person ON photograph (person);
  CREATE TABLE crop (photograph INTEGER PRIMARY KEY REFERENCES photograph ON DELETE CASCADE, png BLOB NOT NULL) STRICT;
  CREATE TABLE embedding (photograph INTEGER NOT NULL REFERENCES photograph ON DELETE CASCADE,
    model_version TEXT NOT NULL, embedding BLOB NOT NULL, features BLOB NOT NULL,
    PRIMARY KEY (photograph, model_version)) STRICT;
  CREATE TABLE template (person INTEGER NOT NULL REFERENCES person ON DELETE CASCADE, model_version TEXT NOT NULL,
    embedding BLOB NOT NULL, photographs INTEGER NOT NULL, PRIMARY KEY (person, model_version)) STRICT;
  CREATE TABLE attempt (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, person INTEGER REFERENCES person,
    claim BLOB NOT NULL, claim_tag BLOB, outcome TEXT NOT NULL, distance REAL, threshold REAL, form TEXT NOT NULL,
    model_version TEXT NOT NULL) STRICT;
  CREATE INDEX attempt_person ON attempt (person, outcome);
  CREATE INDEX attempt_at ON attempt (at);
  CREATE INDEX attempt_claim ON attempt (claim_tag);
  CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
  PRAGMA user_version = 1;
`

/** What came up to version 4 as it was released: must never change either. */
const upToVersion4 = `
  CREATE TABLE former_name (person INTEGER NOT NULL REFERENCES person ON DELETE CASCADE, name_tag BLOB NOT NULL,
    PRIMARY KEY (person, name_tag)) STRICT;
  CREATE TABLE threshold_choice (form TEXT PRIMARY KEY, choice BLOB NOT NULL) STRICT;
  CREATE TABLE not_same_person (a INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
    b INTEGER NOT NULL REFERENCES person ON DELETE CASCADE, PRIMARY KEY (a, b)) STRICT;
  CREATE TABLE not_same_photograph (a INTEGER NOT NULL REFERENCES photograph ON DELETE CASCADE,
    b INTEGER NOT NULL REFERENCES photograph ON DELETE CASCADE, PRIMARY KEY (a, b)) STRICT;
  CREATE TABLE cohort (id INTEGER PRIMARY KEY AUTOINCREMENT, name BLOB NOT NULL, imported_at INTEGER NOT NULL,
    may_train INTEGER NOT NULL) STRICT;
  CREATE TABLE cohort_photograph (id INTEGER PRIMARY KEY AUTOINCREMENT,
    cohort INTEGER NOT NULL REFERENCES cohort ON DELETE CASCADE, stranger INTEGER NOT NULL,
    crop_tag BLOB NOT NULL UNIQUE, png BLOB NOT NULL) STRICT;
  CREATE INDEX cohort_photograph_stranger ON cohort_photograph (cohort, stranger);
  CREATE TABLE cohort_embedding (photograph INTEGER NOT NULL REFERENCES cohort_photograph ON DELETE CASCADE,
    model_version TEXT NOT NULL, embedding BLOB NOT NULL, PRIMARY KEY (photograph, model_version)) STRICT;
  CREATE TABLE model_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version TEXT NOT NULL UNIQUE,
    made_at INTEGER NOT NULL, description BLOB NOT NULL, head BLOB NOT NULL) STRICT;
  CREATE TABLE model_in_use (id INTEGER PRIMARY KEY CHECK (id = 1), in_use BLOB NOT NULL) STRICT;
  CREATE TABLE model_event (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, event BLOB NOT NULL) STRICT;
  PRAGMA user_version = 4;
`

/** A gallery of version 4 with Ada and a retrained model that is in use, written by SQL alone. */
async function version4Gallery(head: Float32Array): Promise<string> {
  const home = await version1Gallery()
  const master = await masterKey(home, { kind: 'key-file' }, false)
  if (master.kind === 'refused') throw new Error(master.message)
  const seal = new Seal(master.key)
  const at = (table: string, row: number | string, column: string) => ({ table, row, column, person: null })
  const database = new DatabaseSync(join(home, 'gallery.sqlite'))
  database.exec(upToVersion4)
  const described = { base: '1', parent: '1', recipe: {}, verdict: 'promote' }
  database
    .prepare("INSERT INTO model_version VALUES (1, '1-abc', 50, ?, ?)")
    .run(
      seal.sealText(JSON.stringify(described), at('model_version', '1-abc', 'description')),
      seal.sealVector(head, at('model_version', '1-abc', 'head')),
    )
  database
    .prepare('INSERT INTO model_in_use VALUES (1, ?)')
    .run(
      seal.sealText(
        JSON.stringify({ inUse: '1-abc', replaced: [null], choicesOf: {} }),
        at('model_in_use', 1, 'in_use'),
      ),
    )
  database.close()
  return home
}

/** A gallery of version 1 with Ada in it, written by SQL alone. */
async function version1Gallery(): Promise<string> {
  const home = newHome()
  const master = await masterKey(home, { kind: 'key-file' }, true)
  if (master.kind === 'refused') throw new Error(master.message)
  const seal = new Seal(master.key)
  const { crop, cropHash, embedding, features, quality } = photographOf(1)
  const at = (table: string, row: number | string, column: string) => ({ table, row, column, person: 1 })

  const database = new DatabaseSync(join(home, 'gallery.sqlite'))
  database.exec(version1)
  const insert = (sql: string, ...values: (number | string | Uint8Array | null)[]) =>
    database.prepare(sql).run(...values)
  insert('INSERT INTO gallery VALUES (?)', seal.keyCheck)
  insert(
    'INSERT INTO person VALUES (1, ?, ?, 10, 20, ?)',
    seal.sealText('Ada', at('person', 1, 'name')),
    seal.tag('ada'),
    'up down',
  )
  insert(
    "INSERT INTO photograph VALUES (1, 1, 30, 'camera', 'left', ?, ?)",
    seal.sealText(cropHash, at('photograph', 1, 'crop_hash')),
    seal.sealText(JSON.stringify(quality), at('photograph', 1, 'quality')),
  )
  insert('INSERT INTO crop VALUES (1, ?)', seal.seal(crop!, at('photograph', 1, 'crop')))
  insert(
    "INSERT INTO embedding VALUES (1, 'model-1', ?, ?)",
    seal.sealVector(embedding, at('embedding', '1 model-1', 'embedding')),
    seal.sealVector(features, at('embedding', '1 model-1', 'features')),
  )
  insert(
    "INSERT INTO template VALUES (1, 'model-1', ?, 1)",
    seal.sealVector(embedding, at('template', '1 model-1', 'embedding')),
  )
  insert(
    "INSERT INTO attempt VALUES (1, 40, 1, ?, ?, 'match', 0.25, 0.5, 'burst-template', 'model-1')",
    seal.sealText('Ada', at('attempt', 1, 'claim')),
    seal.tag('ada'),
  )
  insert(
    "INSERT INTO setting VALUES ('theme', ?)",
    seal.sealText('"dark"', { table: 'setting', row: 'theme', column: 'value', person: null }),
  )
  database.exec('PRAGMA journal_mode = WAL')
  database.close()
  return home
}

function schemaOf(database: DatabaseSync): unknown[] {
  const squeeze = (sql: unknown) =>
    String(sql)
      .replace(/\s+/g, ' ')
      .replace(/\( /g, '(')
      .replace(/ ([),])/g, '$1')
  return database
    .prepare('SELECT name, sql FROM sqlite_schema ORDER BY name')
    .all()
    .map(({ name, sql }) => [name, squeeze(sql)])
}

describe('a gallery of version 1', () => {
  test('opens with everything it held', async () => {
    const gallery = await openGallery(await version1Gallery())
    const { crop, cropHash, embedding, features, quality } = photographOf(1)
    expect(gallery.people()).toEqual([
      {
        person: 1,
        name: 'Ada',
        enrolledAt: 10,
        consentAt: 20,
        skippedViews: ['up', 'down'],
        photographs: 1,
        lastVerifiedAt: 40,
      },
    ])
    expect(gallery.personByName('ADA')?.person).toBe(1)
    expect(gallery.photographs(1)).toEqual([
      {
        photograph: 1,
        person: 1,
        cropHash,
        hasCrop: true,
        capturedAt: 30,
        source: 'camera',
        view: 'left',
        quality,
      },
    ])
    expect(new Uint8Array(gallery.crop(1)!)).toEqual(crop)
    expect(gallery.features('model-1')).toEqual([{ photograph: 1, person: 1, features }])
    expect(gallery.template(1, 'model-1')).toMatchObject({ template: { embedding, photographs: 1 } })
    expect(gallery.attempts.newest({ limit: 9 })).toMatchObject([{ claim: 'Ada', distance: 0.25 }])
    expect(gallery.settings()).toEqual({ theme: 'dark' })
  })

  test('does what a new one does', async () => {
    const gallery = await openGallery(await version1Gallery())
    gallery.rename(1, 'Ida')
    expect(enrolled(gallery, 'Ada')).toBe(2)
    expect(gallery.forget(1)).toEqual({ kind: 'forgotten', erased: true })
  })

  test('has the schema of a new one afterwards', async () => {
    const home = await version1Gallery()
    const gallery = await openGallery(home)
    gallery.close()
    const migrated = new DatabaseSync(join(home, 'gallery.sqlite'), { readOnly: true })
    const fresh = new DatabaseSync(':memory:')
    migrate(fresh)
    expect(schemaOf(migrated)).toEqual(schemaOf(fresh))
    expect(migrated.prepare('PRAGMA user_version').get()!.user_version).toBe(migrations.length)
    migrated.close()
  })
})

describe('a gallery of version 4', () => {
  const head = Float32Array.of(1, 0, 0.25, -1)

  test('opens with its people and the model it was using', async () => {
    const gallery = await openGallery(await version4Gallery(head))
    expect(gallery.people()).toMatchObject([{ person: 1, name: 'Ada', photographs: 1 }])
    expect(gallery.models.versions()).toMatchObject([
      { version: '1-abc', name: 'retrained 1', parent: '1', madeAt: 50, verdict: 'promote' },
    ])
    expect(gallery.models.inUse()).toEqual({ inUse: '1-abc', replaced: [null] })
    expect(gallery.models.head('1-abc')).toEqual(head)
  })

  test('has the schema of a new one afterwards', async () => {
    const home = await version4Gallery(head)
    const gallery = await openGallery(home)
    gallery.close()
    const migrated = new DatabaseSync(join(home, 'gallery.sqlite'), { readOnly: true })
    const fresh = new DatabaseSync(':memory:')
    migrate(fresh)
    expect(schemaOf(migrated)).toEqual(schemaOf(fresh))
    migrated.close()
  })
})

test('a step that fails leaves the version as it was', () => {
  const database = new DatabaseSync(':memory:')
  database.exec(migrations[0]!)
  database.exec('PRAGMA user_version = 1; CREATE TABLE former_name (x)')
  const before = schemaOf(database)
  expect(() => migrate(database)).toThrow('already exists')
  expect(schemaOf(database)).toEqual(before)
  expect(database.prepare('PRAGMA user_version').get()!.user_version).toBe(1)
})

test('a gallery of a newer version is refused, and stays as it is', async () => {
  const home = newHome()
  const gallery = await openGallery(home)
  gallery.close()
  const database = new DatabaseSync(join(home, 'gallery.sqlite'))
  database.exec(`PRAGMA user_version = ${migrations.length + 1}`)
  database.close()
  const before = galleryBytes(home)
  const outcome = await Gallery.open({ home, key: { kind: 'key-file' }, now: Date.now })
  expect(outcome).toMatchObject({ kind: 'refused', reason: 'newer-version' })
  expect(galleryBytes(home).equals(before)).toBe(true)
})
