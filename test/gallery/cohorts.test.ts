import { expect, test } from 'vitest'
import type { NewStranger } from '../../src-main/gallery/records.ts'
import { cropOf, galleryBytes, hashOf, newHome, openGallery, unitVectorOf } from './fixture.ts'

function strangerOf(seed: number, stranger: number): NewStranger {
  const crop = cropOf(seed)
  return {
    stranger,
    crop,
    cropHash: hashOf(crop),
    modelVersion: 'model-1',
    embedding: unitVectorOf(seed, 128),
  }
}

test('strangers come back by number, with their crops and embeddings', async () => {
  const home = newHome()
  const gallery = await openGallery(home, { now: () => 5 })
  const cohort = gallery.cohorts.add('Visitors')
  for (const [seed, stranger] of [
    [1, 1],
    [2, 2],
    [3, 1],
  ] as const)
    expect(gallery.cohorts.addStranger(cohort, strangerOf(seed, stranger))).toEqual({
      kind: 'added',
      photograph: seed,
    })
  expect(gallery.cohorts.all()).toEqual([
    { cohort, name: 'Visitors', importedAt: 5, people: 2, photographs: 3, mayTrain: false },
  ])
  const embeddings = gallery.cohorts.strangerEmbeddings('model-1', cohort)
  expect(embeddings.map(({ photograph, stranger }) => [photograph, stranger])).toEqual([
    [1, 1],
    [3, 1],
    [2, 2],
  ])
  expect(embeddings[1]!.embedding).toEqual(unitVectorOf(3, 128))
  expect(new Uint8Array(gallery.cohorts.strangerCrop(2)!)).toEqual(cropOf(2))
  const bytes = galleryBytes(home)
  expect(bytes.includes(Buffer.from(cropOf(2).subarray(8, 40)))).toBe(false) // sealed
  expect(bytes.includes('Visitors')).toBe(false)
})

test('the same photograph twice, and a cohort that is not there, are refused', async () => {
  const gallery = await openGallery(newHome())
  const cohort = gallery.cohorts.add('Visitors')
  gallery.cohorts.addStranger(cohort, strangerOf(1, 1))
  expect(gallery.cohorts.addStranger(cohort, strangerOf(1, 2))).toMatchObject({ reason: 'same-photograph' })
  expect(gallery.cohorts.addStranger(99, strangerOf(2, 1))).toMatchObject({ reason: 'no-such-cohort' })
  expect(gallery.cohorts.setMayTrain(99, true)).toMatchObject({ reason: 'no-such-cohort' })
  expect(gallery.cohorts.remove(99)).toMatchObject({ reason: 'no-such-cohort' })
  expect(gallery.cohorts.dropStranger(99)).toMatchObject({ reason: 'no-such-photograph' })
})

test('a new model has to read strangers anew', async () => {
  const gallery = await openGallery(newHome())
  const cohort = gallery.cohorts.add('Visitors')
  gallery.cohorts.addStranger(cohort, strangerOf(1, 1))
  gallery.cohorts.addStranger(cohort, strangerOf(2, 2))
  expect(gallery.cohorts.strangerEmbeddings('model-2', cohort)).toEqual([])
  expect(gallery.cohorts.staleStrangers('model-2')).toEqual([{ photograph: 1 }, { photograph: 2 }])
  expect(gallery.cohorts.putStrangerEmbedding(1, 'model-2', unitVectorOf(9, 128))).toBe(true)
  expect(gallery.cohorts.staleStrangers('model-2')).toEqual([{ photograph: 2 }])
  expect(gallery.cohorts.putStrangerEmbedding(99, 'model-2', unitVectorOf(9, 128))).toBe(false)
  expect(() => gallery.cohorts.putStrangerEmbedding(2, 'model-2', new Float32Array(128).fill(NaN))).toThrow(
    'unit',
  )
})

test('is never trained on unless said so, and goes with every byte', async () => {
  const home = newHome()
  const gallery = await openGallery(home)
  const [first, second] = [gallery.cohorts.add('One'), gallery.cohorts.add('Two')]
  gallery.cohorts.addStranger(first, strangerOf(1, 1))
  gallery.cohorts.addStranger(second, strangerOf(2, 1))
  gallery.cohorts.setMayTrain(second, true)
  expect(gallery.cohorts.all().map(({ mayTrain }) => mayTrain)).toEqual([false, true])
  const before = [gallery.cohorts.fingerprint(first), gallery.cohorts.fingerprint(null)]
  expect(gallery.cohorts.remove(first)).toEqual({ kind: 'removed' })
  expect(gallery.cohorts.all()).toHaveLength(1)
  expect(gallery.cohorts.strangerEmbeddings('model-1', null).map(({ cohort }) => cohort)).toEqual([second])
  expect(gallery.cohorts.strangerCrop(1)).toBe(null)
  expect([gallery.cohorts.fingerprint(first), gallery.cohorts.fingerprint(null)]).not.toEqual(before)
  expect(gallery.cohorts.dropStranger(2)).toEqual({ kind: 'dropped' })
  expect(gallery.cohorts.all()).toMatchObject([{ people: 0, photographs: 0 }])
})
