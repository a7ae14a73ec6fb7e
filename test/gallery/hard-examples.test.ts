import { expect, test } from 'vitest'
import type { NewHardExample } from '../../src-main/gallery/records.ts'
import { cropOf, enrolled, galleryBytes, hashOf, newHome, openGallery, unitVectorOf } from './fixture.ts'

function example(seed: number, person: number): NewHardExample {
  const crop = cropOf(seed)
  return {
    kind: 'not-them',
    person,
    distance: 0.4,
    crop,
    cropHash: hashOf(crop),
    modelVersion: '1',
    features: unitVectorOf(seed + 1, 256),
    embedding: unitVectorOf(seed, 128),
  }
}

test('a hard example is kept with what the model made of it', async () => {
  const gallery = await openGallery(newHome(), { now: () => 77 })
  const ada = enrolled(gallery, 'Ada')
  expect(gallery.hardExamples.add(example(1, ada))).toEqual({ kind: 'kept', id: 1 })
  expect(gallery.hardExamples.all()).toEqual([
    { id: 1, keptAt: 77, kind: 'not-them', person: ada, name: 'Ada', distance: 0.4 },
  ])
  expect(new Uint8Array(gallery.hardExamples.crop(1)!)).toEqual(cropOf(1))
  expect(gallery.hardExamples.embeddings('1')).toEqual([
    { id: 1, kind: 'not-them', person: ada, embedding: unitVectorOf(1, 128), features: unitVectorOf(2, 256) },
  ])
  expect(gallery.photographs(ada)).toEqual([]) // it is no photograph of hers
})

test('another model has to read it anew', async () => {
  const gallery = await openGallery(newHome())
  gallery.hardExamples.add(example(1, enrolled(gallery, 'Ada')))
  expect(gallery.hardExamples.stale('1')).toEqual([])
  expect(gallery.hardExamples.stale('2')).toEqual([1])
  expect(gallery.hardExamples.putEmbedding(1, '2', unitVectorOf(5, 256), unitVectorOf(4, 128))).toBe(true)
  expect(gallery.hardExamples.embeddings('2')).toMatchObject([{ embedding: unitVectorOf(4, 128) }])
  expect(gallery.hardExamples.putEmbedding(9, '2', unitVectorOf(5, 256), unitVectorOf(4, 128))).toBe(false)
})

test('the same picture twice, and one of nobody, are refused', async () => {
  const gallery = await openGallery(newHome())
  const ada = enrolled(gallery, 'Ada')
  gallery.hardExamples.add(example(1, ada))
  expect(gallery.hardExamples.add(example(1, ada))).toMatchObject({ reason: 'same-photograph' })
  expect(gallery.hardExamples.add(example(2, 99))).toMatchObject({ reason: 'not-enrolled' })
})

test('it goes when it is dropped, and with the person, without a byte left', async () => {
  const home = newHome()
  const gallery = await openGallery(home)
  const [ada, ida] = [enrolled(gallery, 'Ada'), enrolled(gallery, 'Ida')]
  for (const [seed, person] of [
    [1, ada],
    [2, ada],
    [3, ida],
  ] as const)
    gallery.hardExamples.add(example(seed, person))
  const rows = () => galleryBytes(home).toString('latin1').split('not-them').length - 1 // the column that is not sealed
  expect(rows()).toBeGreaterThanOrEqual(3)
  expect(gallery.hardExamples.drop(1)).toEqual({ kind: 'dropped' })
  expect(gallery.hardExamples.drop(1)).toMatchObject({ reason: 'no-such-example' })
  gallery.forget(ada)
  expect(gallery.hardExamples.all().map(({ id }) => id)).toEqual([3])
  expect(gallery.hardExamples.embeddings('1').map(({ id }) => id)).toEqual([3])
  gallery.forget(ida)
  gallery.close()
  expect(rows()).toBe(1) // the schema's own word
})
