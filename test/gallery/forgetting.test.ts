import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import type { Gallery } from '../../src-main/gallery/gallery.ts'
import type { NewAttempt } from '../../src-main/gallery/records.ts'
import { cropOf, enrolled, galleryBytes, newHome, openGallery, photographOf, random } from './fixture.ts'

const claimOf = (claim: string, person: number | null): NewAttempt => ({
  at: 1,
  person,
  claim,
  outcome: person === null ? 'not-enrolled' : 'no-match',
  distance: null,
  threshold: null,
  form: 'burst-template',
  modelVersion: 'model-1',
})

/** Sealed, keyed or plain: every BLOB in the database that is one person's, each with where it stands. */
function blobsOf(home: string, person: number): Map<string, string> {
  const database = new DatabaseSync(join(home, 'gallery.sqlite'), { readOnly: true })
  const photographs = 'photograph IN (SELECT id FROM photograph WHERE person = ?)'
  const sources: [table: string, column: string, whose: string][] = [
    ['person', 'name', 'id = ?'],
    ['person', 'name_tag', 'id = ?'],
    ['former_name', 'name_tag', 'person = ?'],
    ['photograph', 'crop_hash', 'person = ?'],
    ['photograph', 'quality', 'person = ?'],
    ['crop', 'png', photographs],
    ['embedding', 'embedding', photographs],
    ['embedding', 'features', photographs],
    ['template', 'embedding', 'person = ?'],
    ['attempt', 'claim', 'person = ?'],
    ['attempt', 'claim_tag', 'person = ?'],
  ]
  const blobs = sources.flatMap(([table, column, whose]) =>
    database
      .prepare(`SELECT ${column} AS blob FROM ${table} WHERE ${whose}`)
      .all(person)
      .map(({ blob }) => [Buffer.from(blob as Uint8Array).toString('hex'), `${table}.${column}`] as const),
  )
  database.close()
  return new Map(blobs)
}

/** Which of the blobs have 8 bytes in a row anywhere in the gallery's files. */
function remnantsOf(blobs: Map<string, string>, home: string): string[] {
  const pieces = new Map<bigint, string>()
  for (const [hex, where] of blobs) {
    const blob = Buffer.from(hex, 'hex')
    for (let at = 0; at + 8 <= blob.length; at += 8) pieces.set(blob.readBigUInt64LE(at), where)
  }
  const bytes = galleryBytes(home)
  const found = new Set<string>()
  for (let at = 0; at + 8 <= bytes.length; at++) {
    const where = pieces.get(bytes.readBigUInt64LE(at))
    if (where) found.add(where)
  }
  return [...found]
}

describe('forgetting a person', () => {
  test('leaves no byte of theirs in any file, nor of what they had earlier', async () => {
    const home = newHome()
    const gallery = await openGallery(home)
    const next = random(1)
    const people = Array.from({ length: 12 }, (_, i) => enrolled(gallery, `Somebody ${i}`))
    const theirs = new Map(people.map((person) => [person, new Map<string, string>()]))
    const note = (person: number) =>
      blobsOf(home, person).forEach((where, hex) => theirs.get(person)!.set(hex, where))
    // Long and short rows among each other, so that pages split and overflow.
    for (let step = 0; step < 120; step++) {
      const person = people[Math.floor(next() * people.length)]!
      const crop = next() < 0.2 ? null : cropOf(step, 8 + Math.floor(next() * 9000))
      gallery.addPhotograph(person, photographOf(step, { crop }))
      if (next() < 0.3) gallery.attempts.add(claimOf(`${step} ${'x'.repeat(next() * 90)}`, person))
      if (next() < 0.2) gallery.rename(person, `Renamed ${'y'.repeat(next() * 150)} ${step}`)
      if (next() < 0.1)
        gallery.putEmbedding(step + 1, 'model-2', photographOf(step).features, photographOf(3).embedding)
      note(person)
      if (next() < 0.1) gallery.dropPhotograph(step + 1)
      note(person)
    }
    // The search does find what is there.
    expect(remnantsOf(blobsOf(home, people[0]!), home)).toContain('crop.png')

    for (const person of people.slice(0, 8)) {
      note(person)
      expect(gallery.forget(person)).toEqual({ kind: 'forgotten', erased: true })
      expect(remnantsOf(theirs.get(person)!, home)).toEqual([])
    }
    expect(gallery.people()).toHaveLength(4)
    for (const person of people.slice(8)) expect(gallery.template(person, 'model-1').kind).toBe('template')
  })

  test('puts "person N" where the name stood in the audit log, and nowhere else', async () => {
    const gallery = await openGallery(newHome())
    gallery.attempts.add(claimOf('ADA', null)) // before she was enrolled
    const ada = enrolled(gallery, 'Ida')
    const eva = enrolled(gallery, 'Eva')
    gallery.attempts.add(claimOf('Ida', null)) // under the name she had
    gallery.rename(ada, 'Ada')
    gallery.attempts.add(claimOf('Ada', ada))
    gallery.attempts.add(claimOf('Eva', eva))
    gallery.attempts.add(claimOf('Adam', null))
    gallery.forget(ada)
    expect(gallery.attempts.newest({ limit: 9 }).map(({ claim, person }) => [claim, person])).toEqual([
      ['Adam', null],
      ['Eva', eva],
      [`person ${ada}`, null],
      [`person ${ada}`, null],
      [`person ${ada}`, null],
    ])
    expect(gallery.counts()).toMatchObject({ people: 1, attempts: 5 })
  })

  test('leaves the name free for another', async () => {
    const gallery = await openGallery(newHome())
    const ada = enrolled(gallery, 'Ada', [photographOf(1)])
    gallery.forget(ada)
    expect(gallery.forget(ada)).toMatchObject({ reason: 'not-enrolled' })
    const other = enrolled(gallery, 'Ada')
    expect(gallery.photographs(other)).toEqual([])
    expect(gallery.template(other, 'model-1')).toEqual({ kind: 'none' })
  })

  test('says where another process holds the log, and the bytes go when it lets go', async () => {
    const home = newHome()
    const gallery = await openGallery(home)
    const ada = enrolled(gallery, 'Ada', [photographOf(1)])
    const blobs = blobsOf(home, ada)
    const reader = new DatabaseSync(join(home, 'gallery.sqlite'), { readOnly: true })
    reader.exec('BEGIN; SELECT count(*) FROM person')
    expect(gallery.forget(ada)).toEqual({ kind: 'forgotten', erased: false })
    expect(remnantsOf(blobs, home)).not.toEqual([])
    reader.close()
    gallery.close()
    expect(remnantsOf(blobs, home)).toEqual([])
  })
})

describe('while somebody is enrolled', () => {
  const name = 'Wilhelmine Überall'

  async function everythingOf(home: string): Promise<Gallery> {
    const gallery = await openGallery(home)
    const person = enrolled(gallery, name, [photographOf(1)])
    gallery.attempts.add(claimOf(name, person))
    gallery.attempts.add(claimOf(name, null))
    gallery.setSettings({ camera: name })
    return gallery
  }

  test.each(['utf8', 'utf16le'] as const)('no file holds the name in %s', async (encoding) => {
    const home = newHome()
    const gallery = await everythingOf(home)
    const folded = [name, name.toLowerCase(), name.toUpperCase(), name.normalize('NFD')]
    for (const state of ['open', 'closed']) {
      if (state === 'closed') gallery.close()
      const bytes = galleryBytes(home)
      for (const form of folded) expect(bytes.includes(Buffer.from(form, encoding)), state).toBe(false)
    }
  })

  test('no file holds the crop, its hash, the embedding, the features or the quality as they are', async () => {
    const home = newHome()
    await everythingOf(home)
    const { crop, cropHash, embedding, features } = photographOf(1)
    const bytes = galleryBytes(home)
    const plain = [
      Buffer.from(crop!).subarray(100, 116),
      Buffer.from(cropHash),
      Buffer.from(cropHash, 'hex'),
      Buffer.from(embedding.buffer, 0, 16),
      Buffer.from(features.buffer, 0, 16),
      Buffer.from('Sharpness'),
    ]
    for (const each of plain) expect(bytes.includes(each)).toBe(false)
  })
})

test('a sealed value that was moved to another person’s row does not open', async () => {
  const home = newHome()
  const first = await openGallery(home)
  enrolled(first, 'Ada', [photographOf(1)])
  enrolled(first, 'Ida', [photographOf(2)])
  first.close()
  const database = new DatabaseSync(join(home, 'gallery.sqlite'))
  database.exec(`
    UPDATE template SET embedding = (SELECT embedding FROM template WHERE person = 2) WHERE person = 1;
    UPDATE crop SET png = (SELECT png FROM crop WHERE photograph = 2) WHERE photograph = 1;
    UPDATE embedding SET embedding = features WHERE photograph = 1;
    UPDATE photograph SET person = 2 WHERE id = 1;
  `)
  database.close()
  const gallery = await openGallery(home)
  expect(() => gallery.template(1, 'model-1')).toThrow('damaged or was changed')
  expect(() => gallery.crop(1)).toThrow('damaged or was changed')
  expect(() => gallery.embeddings('model-1')).toThrow('damaged or was changed')
  expect(() => gallery.photographs(2)).toThrow('damaged or was changed')
  expect(gallery.template(2, 'model-1').kind).toBe('template')
})
