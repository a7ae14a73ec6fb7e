import { expect, test } from 'vitest'
import { defaultNetworkRecipe } from '../../../../src-main/training/gallery-run/network/network-recipe.ts'
import { keptCrops, readEveryCrop } from '../../../../src-main/training/gallery-run/people/kept-crops.ts'
import { retrainGallery } from '../../../../src-main/training/gallery-run/retrain-gallery.ts'
import { cropHash, cropToPng } from '../../../../src-main/vision/kept-crop.ts'
import { drawnCrop } from '../../../engine/drawn-networks.ts'
import { enrolled, newHome, openGallery, photographOf } from '../../../gallery/fixture.ts'

/** Photographs with crops that can be read, but for those of the given seeds, which are noise behind the head of a PNG. */
async function photographs(seeds: number[], damaged: number[]) {
  return Promise.all(
    seeds.map(async (seed) => {
      const crop = drawnCrop(seed)
      const whole = { crop: await cropToPng(crop), cropHash: cropHash(crop) }
      return photographOf(seed, damaged.includes(seed) ? {} : whole)
    }),
  )
}

test('a damaged crop is refused by whose it is', async () => {
  const gallery = await openGallery(newHome())
  enrolled(gallery, 'Ada', await photographs([1, 2], [2]))
  const own = keptCrops(gallery, 'photograph', [1, 2])
  expect(await own.crop(0)).toEqual(drawnCrop(1))
  await expect(own.crop(1)).rejects.toThrow(/^The kept crop of photograph 2, of Ada, cannot be read/)

  const [noise] = await photographs([3], [3])
  const { crop, cropHash, embedding, features } = noise!
  const kept = { crop: crop!, cropHash, modelVersion: 'model-1', embedding }
  gallery.cohorts.addStranger(gallery.cohorts.add('Passers-by'), { ...kept, stranger: 1 })
  await expect(keptCrops(gallery, 'stranger', [1]).crop(0)).rejects.toThrow('in the cohort Passers-by,')
  gallery.hardExamples.add({ ...kept, features, kind: 'them', person: 1, distance: 0.5 })
  await expect(keptCrops(gallery, 'probe', [1]).crop(0)).rejects.toThrow('a wrong decision about Ada cannot')
})

test('every crop is read once without being kept, and so many at a time are told', async () => {
  const crop = await cropToPng(drawnCrop(1))
  const read: number[] = []
  const counting = (seeds: number[]) => {
    const { check } = keptCrops(
      { crop: (seed: number) => (read.push(seed), crop) } as never,
      'photograph',
      seeds,
    )
    return { check, rows: seeds.length }
  }
  const seeds = Array.from({ length: 45 }, (_, i) => i)
  const [first, second] = [counting(seeds.slice(0, 30)), counting(seeds.slice(30))]
  const told: number[] = []
  const reading = readEveryCrop([first, second])
  let next = await reading.next()
  for (; !next.done; next = await reading.next()) told.push(next.value.done)
  expect(told).toEqual([20, 40, 45])
  expect(next.value).toEqual([first.rows, second.rows].map((rows) => [...Array(rows).keys()]))
  expect(read).toEqual(seeds)
  await first.check(0)
  expect(read.at(-1)).toBe(0) // it was not remembered

  // Whoever stops listening stops the reading.
  const stopped = readEveryCrop([first, second])
  read.length = 0
  await stopped.next()
  await stopped.return([])
  expect(read).toHaveLength(20)
})

test('a damaged crop that may be left out is, and no other', async () => {
  const gallery = await openGallery(newHome())
  enrolled(gallery, 'Ada', await photographs([1, 2, 3], [2]))
  const part = { ...keptCrops(gallery, 'photograph', [1, 2, 3]), rows: 3 }
  const reading = readEveryCrop([{ ...part, mayBeLeftOut: true }])
  await reading.next()
  expect((await reading.next()).value).toEqual([[0, 2]])
  await expect(readEveryCrop([part]).next()).rejects.toThrow('photograph 2, of Ada, cannot be read')
})

test('a run of minutes does not begin where a crop is damaged that it would meet at the end', async () => {
  const gallery = await openGallery(newHome())
  enrolled(gallery, 'Ada', await photographs([1, 2, 3], []))
  enrolled(gallery, 'Ben', await photographs([4, 5, 6], [6]))
  const running = retrainGallery({
    gallery,
    version: 'model-1',
    card: { version: 'model-1', measuredOn: 'nobody', forms: [] },
    strangersModel: null,
    threshold: 0.5,
    wantedFmr: 1e-3,
    recipe: defaultNetworkRecipe.all,
    openRunner: () => Promise.reject(new Error('it began')),
    processor: 'cpu',
  })
  await expect(running.next()).rejects.toThrow('photograph 6, of Ben, cannot be read')
})
