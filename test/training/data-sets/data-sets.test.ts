import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { classesOf } from '../../../src-main/training/data-sets/data-set.ts'
import { openDataSet } from '../../../src-main/training/data-sets/open-data-set.ts'

let folder: string
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'data-sets-'))))
afterAll(() => rm(folder, { recursive: true }))

/** A picture of one colour, so that it can be told from the others after decoding. */
async function draw(path: string, level: number, { width = 20, height = 16 } = {}) {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  const background = { r: level, g: 100, b: 200 }
  await sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toFile(join(folder, path))
}

describe('a folder per class', () => {
  test('gives classes and pictures in the order of their names, and skips what is no picture', async () => {
    await draw('classes/beta/1.png', 20)
    await draw('classes/alpha/2.png', 11)
    await draw('classes/alpha/1.png', 10)
    await draw('classes/.hidden/1.png', 99)
    await writeFile(join(folder, 'classes/alpha/notes.txt'), 'not a picture')
    await writeFile(join(folder, 'classes/loose.png'), '')
    const set = await openDataSet({ kind: 'folder-per-class', folder: join(folder, 'classes') })
    expect(set.classes).toEqual(['alpha', 'beta'])
    expect([...set.labels]).toEqual([0, 0, 1])
    const reds = await Promise.all([0, 1, 2].map(async (i) => (await set.picture(i)).rgb[0]))
    expect(reds).toEqual([10, 11, 20])
    expect(await set.picture(2)).toMatchObject({ width: 20, height: 16 })
  })

  test('a damaged picture is named when it is decoded, an empty folder when it is opened', async () => {
    await draw('damaged/a/1.png', 1)
    await writeFile(join(folder, 'damaged/a/2.png'), 'no picture')
    const set = await openDataSet({ kind: 'folder-per-class', folder: join(folder, 'damaged') })
    await expect(set.picture(1)).rejects.toThrow(/2\.png cannot be read/)
    await mkdir(join(folder, 'empty'))
    const opening = openDataSet({ kind: 'folder-per-class', folder: join(folder, 'empty') })
    await expect(opening).rejects.toThrow(/holds no folder with pictures/)
  })

  test('grey and transparent pictures come out as three channels on white', async () => {
    await mkdir(join(folder, 'kinds/a'), { recursive: true })
    await sharp(Buffer.from([7, 7, 7, 7]), { raw: { width: 2, height: 2, channels: 1 } })
      .png()
      .toFile(join(folder, 'kinds/a/1.png'))
    await sharp({ create: { width: 2, height: 2, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } })
      .png()
      .toFile(join(folder, 'kinds/a/2.png'))
    const set = await openDataSet({ kind: 'folder-per-class', folder: join(folder, 'kinds') })
    expect([...(await set.picture(0)).rgb]).toEqual(new Array(12).fill(7))
    expect([...(await set.picture(1)).rgb]).toEqual(new Array(12).fill(255))
  })

  test('some of its classes make a data set of their own', async () => {
    const whole = await openDataSet({ kind: 'folder-per-class', folder: join(folder, 'classes') })
    const part = classesOf(whole, (name) => name === 'beta')
    expect(part.classes).toEqual(['beta'])
    expect([...part.labels]).toEqual([0])
    expect((await part.picture(0)).rgb[0]).toBe(20)
  })
})

test("VGGFace2's identity list says who trains and who is tested, commas in names and all", async () => {
  for (const [id, level] of [
    ['n000001', 1],
    ['n000002', 2],
    ['n000003', 3],
  ] as const)
    await draw(`vgg/${id}/0001_01.png`, level)
  const list = join(folder, 'identity_meta.csv')
  await writeFile(
    list,
    'Class_ID, Name, Sample_Num, Flag, Gender\r\n' +
      'n000001, "Somebody", 1, 0, m\r\nn000002, "Other, Jr.", 1, 1, f\r\nn000003, "Third", 1, 1, m\r\nn000009, "Absent", 5, 1, f\r\n',
  )
  const open = (part: 'training' | 'test') =>
    openDataSet({ kind: 'vggface2', folder: join(folder, 'vgg'), identityList: list, part })
  expect((await open('training')).classes).toEqual(['n000002', 'n000003'])
  expect((await open('test')).classes).toEqual(['n000001'])
  await writeFile(list, 'Class_ID, Name, Sample_Num, Flag, Gender\nn000009, "Absent", 5, 1, f\n')
  await expect(open('training')).rejects.toThrow(/none of the 1 training identities/)
})

test('Omniglot: every character of every alphabet is a class, an alphabet in both folders counts once', async () => {
  await draw('small1/Greek/character01/1.png', 1)
  await draw('small1/Latin/character01/1.png', 2)
  await draw('small2/Greek/character01/1.png', 3)
  await draw('small2/Greek/character02/1.png', 4)
  await draw('small2/Malay/character01/1.png', 5)
  const set = await openDataSet({
    kind: 'omniglot',
    folders: [join(folder, 'small1'), join(folder, 'small2')],
  })
  expect(set.classes).toEqual(['Greek/character01', 'Latin/character01', 'Malay/character01'])
  expect((await set.picture(0)).rgb[0]).toBe(1)
})

describe('MNIST', () => {
  const number = (value: number) => [0, 0, 0, value]
  const imageBytes = Buffer.from([0, 0, 8, 3, ...number(2), ...number(2), ...number(3), ...Array(6).fill(9), 1, 2, 3, 4, 5, 6]) // prettier-ignore
  const labelBytes = Buffer.from([0, 0, 8, 1, ...number(2), 7, 3])
  const [images, labels] = ['images', 'labels']
  const open = () =>
    openDataSet({ kind: 'mnist', images: join(folder, images!), labels: join(folder, labels!) })

  test('idx files are read, gzipped or not', async () => {
    await writeFile(join(folder, images!), gzipSync(imageBytes))
    await writeFile(join(folder, labels!), labelBytes)
    const set = await open()
    expect(set.classes).toEqual(['3', '7'])
    expect([...set.labels]).toEqual([1, 0])
    const picture = await set.picture(1)
    expect([picture.width, picture.height]).toEqual([3, 2])
    expect([...picture.rgb]).toEqual([1, 2, 3, 4, 5, 6].flatMap((v) => [v, v, v]))
  })

  test('a short file, another format and counts that differ are refused', async () => {
    await writeFile(join(folder, images!), imageBytes.subarray(0, 20))
    await expect(open()).rejects.toThrow(/holds 4 bytes, expected 12/)
    await writeFile(join(folder, images!), labelBytes)
    await expect(open()).rejects.toThrow(/no idx file of 3 dimensions/)
    await writeFile(join(folder, images!), imageBytes)
    await writeFile(join(folder, labels!), Buffer.from([0, 0, 8, 1, ...number(1), 7]))
    await expect(open()).rejects.toThrow(/holds 2 images, .* 1 labels/)
  })
})
