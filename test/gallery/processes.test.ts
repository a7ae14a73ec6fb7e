import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import type { Gallery } from '../../src-main/gallery/gallery.ts'
import { masterKey } from '../../src-main/gallery/key-keeper.ts'
import { people } from '../../src-main/gallery/people.ts'
import { addPhotographs } from '../../src-main/gallery/photographs.ts'
import { Seal } from '../../src-main/gallery/seal.ts'
import { StorageTrouble } from '../../src-main/gallery/storage-trouble.ts'
import { Store } from '../../src-main/gallery/store.ts'
import { cropOf, enrolled, hashOf, newHome, openGallery, photographOf } from './fixture.ts'

const script = join(import.meta.dirname, 'writing-process.ts')

/** Runs `writing-process.ts`, kills it (SIGKILL) so long after its start or its first such line, and gives its lines. */
function writing(of: {
  home: string
  seed: number
  rounds: number
  file?: string
  kill?: { after: 'start' | 'photograph' | 'importing'; ms: number }
}): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const words = [script, of.home, `${of.seed}`, `${of.rounds}`, ...(of.file ? [of.file] : [])]
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    let killing = false
    const killSoon = () => {
      if (killing || !of.kill || (of.kill.after !== 'start' && !text.includes(of.kill.after))) return
      killing = true
      setTimeout(() => child.kill('SIGKILL'), of.kill.ms)
    }
    killSoon()
    child.stdout.on('data', (bytes: Buffer) => {
      text += bytes.toString()
      killSoon()
    })
    child.on('error', reject)
    // A line that was cut off was not said.
    child.on('close', () => resolve(text.split('\n').slice(0, -1)))
  })
}

/** Every acknowledged photograph is there with its bytes, and nothing is there by half. */
function expectWhole(gallery: Gallery, lines: string[]): void {
  for (const line of lines) {
    const [what, id, more] = line.split(' ')
    if (what === 'photograph') {
      expect(gallery.photograph(Number(id))?.cropHash, line).toBe(more)
    } else if (what === 'enrolled') {
      expect(gallery.person(Number(id))?.photographs, line).toBe(Number(more))
    } else if (what === 'importing') {
      expect(importedInto(gallery), line).toBeGreaterThanOrEqual(Number(id))
    }
  }
  const embedded = new Set(gallery.embeddings('model-1').map(({ photograph }) => photograph))
  gallery.features('model-1')
  for (const { person, name } of gallery.people()) {
    const photographs = gallery.photographs(person)
    for (const { photograph, cropHash } of photographs) {
      expect(hashOf(gallery.crop(photograph)!)).toBe(cropHash)
      expect(embedded.delete(photograph)).toBe(true)
    }
    if (name.startsWith('Three')) expect(photographs).toHaveLength(3)
    if (name.startsWith('Imported')) expect(photographs).toHaveLength(4)
    const template = gallery.template(person, 'model-1')
    expect(template.kind === 'template' ? template.template.photographs : 0).toBe(photographs.length)
  }
  expect([...embedded]).toEqual([])
}

function importedInto(gallery: Gallery): number {
  return gallery.people().filter(({ name }) => name.startsWith('Imported')).length
}

/** An exported gallery of 30 people with four photographs each. */
async function exportedFile(): Promise<string> {
  const gallery = await openGallery(newHome())
  for (let i = 0; i < 30; i++)
    enrolled(
      gallery,
      `Imported ${i}`,
      [1, 2, 3, 4].map((j) => {
        const crop = cropOf(9000 + i * 4 + j, 10_000)
        return photographOf(9000 + i * 4 + j, { crop, cropHash: hashOf(crop) })
      }),
    )
  const outcome = await gallery.exportTo('correct horse battery')
  if (outcome.kind === 'refused') throw new Error(outcome.message)
  const file = join(newHome(), 'exported')
  writeFileSync(file, outcome.bytes)
  return file
}

test('killed at any instant of adding and enrolling, it opens with all that was acknowledged and no half', async () => {
  const home = newHome()
  const acknowledged: string[] = []
  for (let round = 0; round < 12; round++) {
    const kill = { after: 'photograph', ms: randomInt(0, 80) } as const
    const lines = await writing({ home, seed: round + 1, rounds: 1000, kill })
    expect(lines).not.toContain('done')
    acknowledged.push(...lines)
    const gallery = await openGallery(home)
    expectWhole(gallery, acknowledged)
    gallery.close()
  }
  expect(acknowledged.filter((line) => line.startsWith('photograph')).length).toBeGreaterThanOrEqual(12)
})

test('killed at any instant of an import, it opens with every imported person whole', async () => {
  const file = await exportedFile()
  const counts: number[] = []
  const round = async (ms: number) => {
    const home = newHome()
    const lines = await writing({ home, seed: 1, rounds: 1, file, kill: { after: 'importing', ms } })
    const gallery = await openGallery(home)
    expectWhole(gallery, lines)
    counts.push(importedInto(gallery))
    return gallery
  }
  for (let ms = 0; ms < 30; ms += 6) {
    const pair = await Promise.all([round(ms), round(ms + 3)])
    if (ms === 0) {
      // What is missing comes with the next import of the same file.
      const before = importedInto(pair[0])
      const outcome = await pair[0].importFrom(readFileSync(file), 'correct horse battery', { looker: null })
      expect(outcome).toMatchObject({ kind: 'imported', people: 30 - before })
      expect(importedInto(pair[0])).toBe(30)
    }
    for (const gallery of pair) gallery.close()
  }
  // Some were killed in the middle, or this test tests nothing.
  expect(counts.filter((count) => count > 0 && count < 30).length).toBeGreaterThan(2)
})

test('killed while it is being made, a gallery is there or is not, and opens', async () => {
  for (let round = 0; round < 10; round++) {
    const home = newHome()
    const lines = await writing({ home, seed: 1, rounds: 1, kill: { after: 'start', ms: 60 + round * 12 } })
    const gallery = await openGallery(home)
    expectWhole(gallery, lines)
    gallery.close()
  }
})

test('all that is acknowledged is in the files: a copy taken while the gallery is open has it', async () => {
  const home = newHome()
  const gallery = await openGallery(home)
  const ada = enrolled(gallery, 'Ada')
  for (let i = 0; i < 5; i++) {
    gallery.addPhotograph(ada, photographOf(i))
    const copy = newHome()
    for (const name of readdirSync(home)) copyFileSync(join(home, name), join(copy, name))
    const opened = await openGallery(copy)
    expect(opened.photographs(ada)).toHaveLength(i + 1)
    opened.close()
  }
  expect(statSync(join(home, 'gallery.sqlite-wal')).size).toBeGreaterThan(0)
})

test('two processes write to one gallery at once, and neither loses anything', async () => {
  const home = newHome()
  const gallery = await openGallery(home)
  const before = gallery.dataVersion()
  const here = enrolled(gallery, 'Here')
  expect(gallery.dataVersion()).toBe(before)
  const both = [1, 2].map((seed) => writing({ home, seed, rounds: 30 }))
  let added = 0
  const writes = setInterval(() => {
    if (added === 30) return // more and more would only make its own template slow
    gallery.addPhotograph(here, photographOf(50_000 + added))
    added += 1
  }, 5)
  const lines = (await Promise.all(both)).flat()
  clearInterval(writes)
  expect(lines.filter((line) => line === 'done')).toHaveLength(2)
  expectWhole(gallery, lines)
  expect(added).toBeGreaterThan(3)
  expect(gallery.counts()).toMatchObject({ people: 1 + 2 + 2 * 30, photographs: added + 2 * 30 * 4 })
  expect(gallery.dataVersion()).not.toBe(before)
})

test('of processes that make a gallery at once one makes it, and all have it open', async () => {
  const home = newHome()
  const lines = await Promise.all([1, 2, 3, 4].map((seed) => writing({ home, seed, rounds: 1 })))
  expect(lines.map((each) => each.at(-1))).toEqual(['done', 'done', 'done', 'done'])
  const gallery = await openGallery(home)
  expectWhole(gallery, lines.flat())
  expect(gallery.people().filter(({ name }) => name.startsWith('Writer'))).toHaveLength(4)
  gallery.close()
  expect(readdirSync(home).sort()).toEqual(['gallery.key', 'gallery.sqlite'])
})

test('a name that two processes give at once is given once', async () => {
  const home = newHome()
  const one = await openGallery(home)
  const other = await openGallery(home)
  enrolled(one, 'Ada')
  expect(other.addPerson({ name: 'ada', consentAt: 1, skippedViews: [] })).toMatchObject({
    reason: 'name-taken',
  })
  expect(other.people()).toEqual(one.people())
})

test('a gallery that another process keeps locked is refused in words, and nothing is lost', async () => {
  const home = newHome()
  const made = await openGallery(home)
  const ada = enrolled(made, 'Ada')
  const master = await masterKey(home, { kind: 'key-file' }, false)
  if (master.kind === 'refused') throw new Error(master.message)
  // As `openStore` does, but with less patience.
  const path = join(home, 'gallery.sqlite')
  const store = new Store(new DatabaseSync(path, { timeout: 50 }), new Seal(master.key), path, Date.now)
  const locking = new DatabaseSync(path)
  locking.exec('BEGIN IMMEDIATE')
  expect(people(store)).toHaveLength(1) // reading goes on
  const add = () => store.write(() => addPhotographs(store, ada, [photographOf(1)]))
  expect(add).toThrow('Another Semblance is writing')
  expect(add).toThrow(StorageTrouble)
  locking.close()
  expect(add().kind).toBe('added')
  expect(made.photographs(ada)).toHaveLength(1)
  store.close()
})
