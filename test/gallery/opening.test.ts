import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { mkdtempSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Gallery } from '../../src-main/gallery/gallery.ts'
import { migrate } from '../../src-main/gallery/schema.ts'
import { Seal } from '../../src-main/gallery/seal.ts'
import { StorageTrouble } from '../../src-main/gallery/storage-trouble.ts'
import { Store } from '../../src-main/gallery/store.ts'
import { addPerson } from '../../src-main/gallery/people.ts'
import { addPhotographs, photographs } from '../../src-main/gallery/photographs.ts'
import {
  cropOf,
  enrolled,
  galleryBytes,
  newHome,
  openGallery,
  photographOf,
  random,
  someone,
} from './fixture.ts'

const open = (home: string) => Gallery.open({ home, key: { kind: 'key-file' }, now: Date.now })

/** A closed gallery of ten photographs; gives its folder and its database's path. */
async function closedGallery(): Promise<{ home: string; path: string }> {
  const home = newHome()
  const gallery = await openGallery(home)
  enrolled(
    gallery,
    'Ada',
    Array.from({ length: 10 }, (_, i) => photographOf(i, { crop: cropOf(i, 20_000) })),
  )
  gallery.close()
  return { home, path: join(home, 'gallery.sqlite') }
}

async function expectRefused(home: string, reason: string): Promise<void> {
  const before = galleryBytes(home)
  const outcome = await open(home)
  expect(outcome).toMatchObject({ kind: 'refused', reason })
  expect(outcome.kind === 'refused' && outcome.message).toMatch(/^[A-Z“g].*\.$/)
  expect(galleryBytes(home).equals(before), 'the files are as they were').toBe(true)
}

describe('a damaged gallery is refused in words, and left as it is:', () => {
  test('no bytes at all', async () => {
    const { home, path } = await closedGallery()
    truncateSync(path, 0)
    await expectRefused(home, 'corrupt')
  })

  test('a header of something else', async () => {
    const { home, path } = await closedGallery()
    const bytes = readFileSync(path)
    bytes.write('not a database')
    writeFileSync(path, bytes)
    await expectRefused(home, 'corrupt')
  })

  test.each([50, 100, 1000, 4096, 4097, 50_000])('cut off after %i bytes', async (length) => {
    const { home, path } = await closedGallery()
    truncateSync(path, length)
    await expectRefused(home, 'corrupt')
  })

  test('cut off by its last page', async () => {
    const { home, path } = await closedGallery()
    truncateSync(path, readFileSync(path).length - 4096)
    await expectRefused(home, 'corrupt')
  })

  test('a text file', async () => {
    const { home, path } = await closedGallery()
    writeFileSync(path, 'gallery\n'.repeat(100))
    await expectRefused(home, 'corrupt')
  })

  test('its log there without it', async () => {
    const { home, path } = await closedGallery()
    rmSync(path)
    writeFileSync(`${path}-wal`, 'x'.repeat(100))
    await expectRefused(home, 'corrupt')
  })

  test('a folder in its place', async () => {
    const { home, path } = await closedGallery()
    rmSync(path)
    mkdirSync(path)
    const outcome = await open(home)
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'cannot-open' })
  })

  test('another program’s database', async () => {
    const { home, path } = await closedGallery()
    rmSync(path)
    const other = new DatabaseSync(path)
    other.exec('CREATE TABLE bookmarks (url TEXT)')
    other.close()
    await expectRefused(home, 'not-a-gallery')
  })
})

test('whatever page is overwritten: opening refuses, or reading does, or every byte read is right', async () => {
  const { home, path } = await closedGallery()
  const bytes = readFileSync(path)
  const seen = { opening: 0, reading: 0, unharmed: 0 }
  for (let page = 1; page < bytes.length / 4096; page++) {
    const next = random(page)
    const damaged = Buffer.from(bytes)
    // Every other page only in its second half, where no page keeps its links.
    const from = page * 4096 + (page % 2) * 2048
    for (let at = from; at < (page + 1) * 4096; at++) damaged[at] = next() * 256
    writeFileSync(path, damaged)
    const outcome = await open(home)
    if (outcome.kind === 'refused') {
      expect(outcome.reason).toBe('corrupt')
      seen.opening += 1
      continue
    }
    const { gallery } = outcome
    try {
      expect(gallery.people().map(({ name }) => name)).toEqual(['Ada'])
      expect(gallery.photographs(1)).toHaveLength(10)
      expect(gallery.embeddings('model-1').map(({ embedding }) => embedding)).toEqual(
        Array.from({ length: 10 }, (_, i) => photographOf(i).embedding),
      )
      for (let i = 0; i < 10; i++) expect(new Uint8Array(gallery.crop(i + 1)!)).toEqual(cropOf(i, 20_000))
      seen.unharmed += 1
    } catch (error) {
      if (!(error instanceof StorageTrouble)) throw error
      expect(error.refusal.reason).toBe('corrupt')
      seen.reading += 1
    } finally {
      gallery.close()
    }
    rmSync(`${path}-wal`, { force: true })
    rmSync(`${path}-shm`, { force: true })
  }
  expect(seen.opening).toBeGreaterThan(10)
  expect(seen.reading).toBeGreaterThan(10)
})

test('one flipped bit in a crop is found when it is read, and the others are still there', async () => {
  const { home, path } = await closedGallery()
  const database = new DatabaseSync(path)
  const png = database.prepare('SELECT png FROM crop WHERE photograph = 3').get()!.png as Uint8Array
  png[5000]! ^= 1
  database.prepare('UPDATE crop SET png = ? WHERE photograph = 3').run(png)
  database.close()
  const gallery = await openGallery(home)
  expect(() => gallery.crop(3)).toThrow(StorageTrouble)
  expect(new Uint8Array(gallery.crop(4)!)).toEqual(cropOf(3, 20_000))
})

test('a folder that is not there is made, for its owner alone; a file in its place is refused', async () => {
  const home = join(newHome(), 'some', 'where')
  expect((await openGallery(home)).people()).toEqual([])
  const file = join(newHome(), 'file')
  writeFileSync(file, '')
  expect(await open(file)).toMatchObject({ kind: 'refused', reason: 'cannot-open' })
  expect(await open(join(file, 'below'))).toMatchObject({ kind: 'refused', reason: 'cannot-open' })
})

/** A file system of its own, as far as this user may mount one; null otherwise. */
function mounted(kilobytes: number): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'semblance-gallery-'))
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k,mode=700`, 'tmpfs', folder])
  onTestFinished(() => {
    if (status === 0) spawnSync('umount', ['-l', folder])
    rmSync(folder, { recursive: true, force: true })
  })
  return status === 0 ? folder : null
}

test('a folder that can only be read is refused', async () => {
  const { home } = await closedGallery()
  const folder = mounted(4096)
  if (folder) {
    for (const file of ['gallery.sqlite', 'gallery.key']) copyFileSync(join(home, file), join(folder, file))
    spawnSync('mount', ['-o', 'remount,ro', folder])
  } else {
    chmodSync(home, 0o500) // where mounting is not allowed we are not root, and the mode holds
    onTestFinished(() => chmodSync(home, 0o700))
  }
  await expectRefused(folder ?? home, 'read-only')
})

test('a new gallery in a folder that can only be read is refused', async () => {
  const folder = mounted(4096) ?? newHome()
  if (spawnSync('mount', ['-o', 'remount,ro', folder]).status !== 0) chmodSync(folder, 0o500)
  expect(await open(folder)).toMatchObject({ kind: 'refused', reason: 'read-only' })
  expect(await open(join(folder, 'below'))).toMatchObject({ kind: 'refused' })
})

describe('on a full disk', () => {
  test('a photograph is refused, what was there stays, and it goes on when there is room again', async ({
    skip,
  }) => {
    const folder = mounted(1024)
    if (!folder) return skip('only root can mount a small file system; see the next test')
    const gallery = await openGallery(folder)
    const ada = enrolled(gallery, 'Ada')
    const filler = join(folder, 'filler')
    writeFileSync(filler, Buffer.alloc(300_000))
    const acknowledged: number[] = []
    let refusal: unknown
    for (let i = 0; i < 200 && !refusal; i++) {
      try {
        const outcome = gallery.addPhotograph(ada, photographOf(i, { crop: cropOf(i, 20_000) }))
        if (outcome.kind === 'added') acknowledged.push(outcome.photograph)
      } catch (error) {
        refusal = (error as StorageTrouble).refusal
      }
    }
    expect(refusal).toMatchObject({ kind: 'refused', reason: 'disk-full' })
    expect(acknowledged.length).toBeGreaterThan(3)
    const kept = () => gallery.photographs(ada).map(({ photograph }) => photograph)
    expect(kept()).toEqual(acknowledged)
    expect(gallery.template(ada, 'model-1')).toMatchObject({ template: { photographs: acknowledged.length } })
    rmSync(filler)
    expect(gallery.addPhotograph(ada, photographOf(999)).kind).toBe('added')
    expect(kept()).toHaveLength(acknowledged.length + 1)
    gallery.close()
    expect((await openGallery(folder)).photographs(ada)).toHaveLength(acknowledged.length + 1)
  })

  test('a gallery is opened, or refused as for a full disk, and nothing is lost', async ({ skip }) => {
    const folder = mounted(1024)
    if (!folder) return skip('only root can mount a small file system')
    const gallery = await openGallery(folder)
    enrolled(gallery, 'Ada', [photographOf(1)])
    gallery.close()
    const filler = join(folder, 'filler')
    try {
      writeFileSync(filler, Buffer.alloc(2_000_000))
    } catch {
      // it is full now
    }
    const outcome = await open(folder)
    if (outcome.kind === 'open') outcome.gallery.close()
    else expect(outcome.reason).toBe('disk-full')
    rmSync(filler)
    expect((await openGallery(folder)).photographs(1)).toHaveLength(1)
  })

  test('no gallery is begun, and nothing of it is left', async ({ skip }) => {
    const folder = mounted(64)
    if (!folder) return skip('only root can mount a small file system')
    writeFileSync(join(folder, 'filler'), Buffer.alloc(40_000))
    expect(await open(folder)).toMatchObject({ kind: 'refused', reason: 'disk-full' })
    rmSync(join(folder, 'filler'))
    const outcome = await open(folder)
    if (outcome.kind === 'open') outcome.gallery.close()
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'disk-full' }) // 64 kB are too few anyway
  })

  test('a transaction is taken back whole (on any machine: the disk is a limit on pages)', () => {
    const database = new DatabaseSync(':memory:')
    migrate(database)
    database.exec('PRAGMA max_page_count = 60')
    const store = new Store(database, new Seal(new Uint8Array(32)), ':memory:', Date.now)
    store.write(() => addPerson(store, someone('Ada')))
    const many = Array.from({ length: 50 }, (_, i) => photographOf(i))
    let thrown: unknown
    try {
      store.write(() => addPhotographs(store, 1, many))
    } catch (error) {
      thrown = error
    }
    expect((thrown as StorageTrouble).refusal).toMatchObject({ kind: 'refused', reason: 'disk-full' })
    expect(photographs(store, 1)).toEqual([])
    store.write(() => addPhotographs(store, 1, many.slice(0, 2)))
    expect(photographs(store, 1)).toHaveLength(2)
  })
})

test('a key without its gallery begins an empty one, and says so', async () => {
  const { home, path } = await closedGallery()
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  const begun = await openGallery(home)
  expect(begun.notice).toMatch(/^gallery\.key was here but gallery\.sqlite was not: .*\.$/)
  begun.close()
  expect((await openGallery(home)).notice).toBe(null)
  expect((await openGallery(newHome())).notice).toBe(null)
})
