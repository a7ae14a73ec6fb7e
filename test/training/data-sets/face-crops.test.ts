import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cropFaces, type FaceFinder } from '../../../src-main/training/data-sets/face-crops.ts'
import { openDataSet } from '../../../src-main/training/data-sets/open-data-set.ts'
import type { Picture } from '../../../src-main/vision/face.ts'

let folder: string
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'crops-'))))
afterEach(() => rm(folder, { recursive: true }))

async function draw(person: string, file: string, level: number) {
  await mkdir(join(folder, 'people', person), { recursive: true })
  await sharp({ create: { width: 40, height: 40, channels: 3, background: { r: level, g: 50, b: 60 } } })
    .png()
    .toFile(join(folder, 'people', person, file))
}

/** Finds a face in every picture that is not black; the crop is one pixel of it, over and over. */
function finder(): FaceFinder & { looked: number } {
  return {
    looked: 0,
    async faces({ rgb }: Picture) {
      this.looked++
      const crop = { width: 256, height: 256, rgb: new Uint8Array(256 * 256 * 3).fill(rgb[0]!) }
      return rgb[0] === 0 ? [] : [{ crop }]
    },
  }
}

async function crop(using: FaceFinder) {
  let last
  const leftOut = []
  for await (const progress of cropFaces({
    folder: join(folder, 'people'),
    cache: join(folder, 'cache'),
    finder: using,
  })) {
    last = progress
    if (progress.leftOut) leftOut.push(progress.leftOut.file)
  }
  return { ...last!, leftOut }
}

test('crops each photograph once, says which have no face, and the cache is a data set of kept crops', async () => {
  await draw('ann', '1.png', 10)
  await draw('ann', '2.png', 0)
  await draw('bob', '1.png', 30)
  await writeFile(join(folder, 'people', 'bob', '2.jpg'), 'no photograph')
  const first = finder()
  expect(await crop(first)).toMatchObject({
    done: 4,
    total: 4,
    found: 2,
    fromCache: 0,
    leftOut: ['ann/2.png', 'bob/2.jpg'],
  })
  expect(first.looked).toBe(3)

  const again = finder()
  expect(await crop(again)).toMatchObject({ found: 2, fromCache: 4, leftOut: ['ann/2.png', 'bob/2.jpg'] })
  expect(again.looked).toBe(0)

  const set = await openDataSet({
    kind: 'folder-per-class',
    folder: join(folder, 'cache'),
    framing: 'kept-crop',
  })
  expect([set.classes, [...set.labels], set.framing]).toEqual([['ann', 'bob'], [0, 1], 'kept-crop'])
  expect((await set.picture(1)).rgb[0]).toBe(30)
})

test('a photograph that changed is cropped again, one that is gone leaves the cache, a lost crop comes back', async () => {
  await draw('ann', '1.png', 10)
  await draw('ann', '2.png', 20)
  await draw('bob', '1.png', 30)
  await crop(finder())
  await draw('ann', '1.png', 11)
  await rm(join(folder, 'people', 'ann', '2.png'))
  await rm(join(folder, 'cache', 'bob', '1.png.png'))
  const using = finder()
  expect(await crop(using)).toMatchObject({ total: 2, found: 2, fromCache: 0 })
  const set = await openDataSet({ kind: 'folder-per-class', folder: join(folder, 'cache') })
  expect(await Promise.all([0, 1].map(async (i) => (await set.picture(i)).rgb[0]))).toEqual([11, 30])
  expect(set.labels).toHaveLength(2)
})

test('a damaged index costs time, not pictures; a folder without photographs is refused', async () => {
  await draw('ann', '1.png', 10)
  await crop(finder())
  await writeFile(join(folder, 'cache', 'index.json'), '{"half')
  expect(await crop(finder())).toMatchObject({ found: 1, fromCache: 0 })
  await rm(join(folder, 'people', 'ann'), { recursive: true })
  await expect(crop(finder())).rejects.toThrow(/holds no folder with photographs/)
})

test('several runs over one folder at once do not take each other’s list away', async () => {
  await draw('ann', '1.png', 10)
  const runs = await Promise.all(Array.from({ length: 16 }, () => crop(finder())))
  expect(runs.map(({ found }) => found)).toEqual(runs.map(() => 1))
})
