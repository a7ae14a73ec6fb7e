import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { random } from '../../../src-main/learning/random.ts'
import {
  drawChange,
  faceAugmentation,
  noAugmentation,
  type Augmentation,
  type Change,
} from '../../../src-main/training/feeding/augmentation.ts'
import { feedBeside, feedHere, type FeedDescription } from '../../../src-main/training/feeding/feed.ts'
import { render } from '../../../src-main/training/feeding/render.ts'
import { openDataSet } from '../../../src-main/training/data-sets/open-data-set.ts'

const side = 32
/** Red grows to the right, green downwards; blue is constant. */
const ramp = {
  width: side,
  height: side,
  rgb: Uint8Array.from({ length: side * side * 3 }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / 3), i % 3]
    return channel === 0 ? 4 * (pixel % side) + 60 : channel === 1 ? 4 * Math.floor(pixel / side) + 60 : 128
  }),
}
const nothing = drawChange(noAugmentation, side, random(1, 'still'))
const changed = async (change: Partial<Change>, framing: 'whole' | 'kept-crop' = 'whole') => {
  const pixels = await render(ramp, framing, side, { ...nothing, ...change }, random(1, 'noise'))
  const at = (x: number, y: number) => [...pixels.subarray((y * side + x) * 3, (y * side + x) * 3 + 3)]
  return { pixels, at }
}
const ramped = (x: number, y: number) => [4 * x + 60, 4 * y + 60, 128]

describe('a change', () => {
  test('of nothing shows the picture as it is', async () => {
    expect([...(await changed({})).pixels]).toEqual([...ramp.rgb])
  })

  test('mirrors left and right', async () => {
    const { at } = await changed({ mirrored: true })
    expect(at(3, 7)).toEqual(ramped(side - 1 - 3, 7))
  })

  test('shifts, turns and scales around the middle', async () => {
    expect((await changed({ shiftX: 2 / side })).at(5, 9)).toEqual(ramped(7, 9))
    expect((await changed({ shiftY: -3 / side })).at(5, 9)).toEqual(ramped(5, 6))
    expect((await changed({ roll: Math.PI / 2 })).at(5, 9)).toEqual(ramped(side - 1 - 9, 5))
    const zoomed = await changed({ scale: 0.5 }) // shows half, so twice as large
    expect(zoomed.at(16, 16)[0]).toBeCloseTo(60 + 4 * 15.75, 0)
    expect(zoomed.at(31, 16)[0]! - zoomed.at(1, 16)[0]!).toBe(60)
  })

  test('shows of a kept crop its standard middle, three quarters of the side', async () => {
    const { at } = await changed({}, 'kept-crop')
    expect(at(31, 31)[0]! - at(0, 0)[0]!).toBeCloseTo(31 * 0.75 * 4, -1)
  })

  test('of light follows gamma, contrast and brightness', async () => {
    expect((await changed({ brightness: 20 })).at(4, 4)).toEqual([96, 96, 148])
    expect((await changed({ contrast: 0.5 })).at(4, 4)[0]).toBe(Math.round((76 - 127.5) * 0.5 + 127.5))
    expect((await changed({ gamma: 2 })).at(4, 4)[0]).toBe(Math.round((76 / 255) ** 2 * 255))
    expect((await changed({ grey: true })).at(4, 8)).toEqual(Array(3).fill(Math.round(0.299 * 76 + 0.587 * 92 + 0.114 * 128))) // prettier-ignore
  })

  test('covers a rectangle', async () => {
    const box = { left: 0.25, top: 0.5, width: 0.25, height: 0.25, level: 9 }
    const { at } = await changed({ occlusion: box })
    expect(at(8, 16)).toEqual([9, 9, 9])
    expect(at(15, 23)).toEqual([9, 9, 9])
    expect(at(7, 16)).toEqual(ramped(7, 16))
    expect(at(16, 24)).toEqual(ramped(16, 24))
  })

  test('of blur keeps a ramp and smooths an edge; of noise has the deviation asked for', async () => {
    const { at } = await changed({ blurPx: 1 })
    expect(at(15, 15)).toEqual(ramped(15, 15))
    const edge = { left: 0.5, top: 0, width: 0.5, height: 1, level: 255 }
    const sharpEdge = (await changed({ occlusion: edge })).at(16, 4)[0]!
    expect((await changed({ occlusion: edge, blurPx: 1 })).at(16, 4)[0]!).toBeLessThan(sharpEdge - 20)
    const noisy = await changed({ noise: 8 })
    const squares = noisy.pixels.reduce((sum, v, i) => sum + (v - ramp.rgb[i]!) ** 2, 0) / noisy.pixels.length
    expect(Math.abs(Math.sqrt(squares) - 8)).toBeLessThan(0.6)
  })

  test('of resolution and compression stays near the picture but is not it', async () => {
    for (const change of [{ lowSidePx: 12 }, { jpegQuality: 40 }]) {
      const { pixels } = await changed(change)
      const apart = pixels.reduce((sum, v, i) => sum + Math.abs(v - ramp.rgb[i]!), 0) / pixels.length
      expect(pixels).toHaveLength(ramp.rgb.length)
      expect(apart).toBeGreaterThan(0.1)
      expect(apart).toBeLessThan(8)
    }
  })
})

test('draws stay within their bounds, happen as often as asked, and one does not move another', () => {
  const draws = Array.from({ length: 2000 }, (_, i) => drawChange(faceAugmentation, 112, random(4, i)))
  const extent = (of: (change: Change) => number) => Math.max(...draws.map((change) => Math.abs(of(change))))
  expect(extent(({ roll }) => roll)).toBeLessThanOrEqual((5 * Math.PI) / 180)
  expect(extent(({ scale }) => scale - 1)).toBeLessThanOrEqual(0.06)
  expect(extent(({ gamma }) => gamma)).toBeLessThanOrEqual(1.25)
  const share = (of: (change: Change) => boolean) => draws.filter(of).length / draws.length
  expect(share(({ mirrored }) => mirrored)).toBeCloseTo(0.5, 1)
  expect(share(({ jpegQuality }) => jpegQuality !== null)).toBeCloseTo(0.1, 1)
  const without: Augmentation = { ...faceAugmentation, mirror: false, jpeg: 0 }
  const other = drawChange(without, 112, random(4, 7))
  expect({ ...other, mirrored: 0, jpegQuality: 0 }).toEqual({ ...draws[7], mirrored: 0, jpegQuality: 0 })
})

describe('a feed', () => {
  let folder: string
  let description: FeedDescription
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'feed-'))
    for (const name of ['a', 'b', 'c']) {
      await mkdir(join(folder, name))
      for (const file of [1, 2, 3])
        await sharp(ramp.rgb, { raw: { width: side, height: side, channels: 3 } })
          .modulate({ brightness: 0.7 + 0.1 * file })
          .png()
          .toFile(join(folder, name, `${file}.png`))
    }
    description = {
      dataSet: { kind: 'folder-per-class', folder },
      sampler: { kind: 'people-and-photographs', people: 2, photographs: 2 },
      sidePx: 16,
      channels: 3,
      augmentation: faceAugmentation,
      seed: 9,
    }
  })
  afterAll(() => rm(folder, { recursive: true }))
  const thread = new URL('../../../src-main/training/feeding/feed-thread.ts', import.meta.url)

  test('in a thread gives what it gives here, step by step, whatever was asked before', async () => {
    const here = feedHere(await openDataSet(description.dataSet), description)
    const beside = await feedBeside(description, thread)
    expect([beside.batchSize, beside.stepsPerEpoch, beside.classes]).toEqual([4, 1, ['a', 'b', 'c']])
    for (const step of [5, 0, 1]) {
      const [expected, found] = [await here.batch(step), await beside.batch(step)]
      expect(found.indices).toEqual(expected.indices)
      expect(found.images).toEqual(expected.images)
      expect(found.labels).toEqual(expected.labels)
    }
    await beside.close()
  })

  test('gives one channel where the network takes one, and other pictures under another seed', async () => {
    const set = await openDataSet(description.dataSet)
    const grey = await feedHere(set, { ...description, channels: 1, augmentation: noAugmentation }).batch(0)
    const colour = await feedHere(set, { ...description, augmentation: noAugmentation }).batch(0)
    expect(grey.images).toHaveLength(4 * 16 * 16)
    expect(grey.images[37]).toBe(colour.images[3 * 37 + 1])
    const other = await feedHere(set, { ...description, seed: 10 }).batch(0)
    expect(other.images).not.toEqual((await feedHere(set, description).batch(0)).images)
  })

  test('leaves out classes that are held out', async () => {
    const feed = await feedBeside({ ...description, classes: ['c', 'a'] }, thread)
    expect(feed.classes).toEqual(['a', 'c'])
    await feed.close()
  })

  test('says why it cannot open or read', async () => {
    const nowhere = {
      ...description,
      dataSet: { kind: 'folder-per-class', folder: join(folder, 'none') } as const,
    }
    await expect(feedBeside(nowhere, thread)).rejects.toThrow(/ENOENT/)
    const tooMany = { ...description, sampler: { ...description.sampler, people: 7 } as never }
    await expect(feedBeside(tooMany, thread)).rejects.toThrow(/7 people .* there are 3/)
  })
})
