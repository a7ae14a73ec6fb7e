import { describe, expect, test } from 'vitest'
import type { ThresholdChoice } from '../../src-main/contract.ts'
import { enrolled, galleryBytes, newHome, openGallery, photographOf } from './fixture.ts'

const rate = {
  rate: 0.01,
  errors: 1,
  comparisons: 100,
  people: 5,
  effectiveComparisons: 10,
  interval95: { low: 0, high: 0.1 },
  upper95: 0.08,
  lower95: 0,
  upper80: 0.05,
  method: 'exact, effective comparisons over people' as const,
}
const choice: ThresholdChoice = {
  form: { form: 'photograph-template', templatePhotographs: 5, burstPhotographs: 1 },
  threshold: 0.7123456789,
  wish: { by: 'fmr', fmr: 1e-3 },
  model: { name: 'net', version: '1' },
  gallery: 'abc',
  at: 1_700_000_000_000,
  people: 5,
  strangerPeople: 0,
  pairsOfPeople: 10,
  strangers: { kind: 'gallery' },
  strangersInWords: 'the other people of this gallery',
  fmr: rate,
  fnmr: rate,
  forecast: null,
}

describe('chosen thresholds', () => {
  test('come back as they were, one for each form, in another process too', async () => {
    const home = newHome()
    const gallery = await openGallery(home)
    gallery.choices.set(choice)
    gallery.choices.set({ ...choice, threshold: 0.5 })
    const burst = { ...choice, form: { ...choice.form, form: 'burst-template' as const } }
    gallery.choices.set(burst)
    const elsewhere = await openGallery(home)
    expect(elsewhere.choices.all()).toEqual([burst, { ...choice, threshold: 0.5 }])
    expect(elsewhere.choices.forget('burst-template')).toBe(true)
    expect(elsewhere.choices.forget('burst-template')).toBe(false)
    expect(gallery.choices.all()).toHaveLength(1)
  })

  test('are sealed: what was chosen cannot be read or edited in the file', async () => {
    const home = newHome()
    const gallery = await openGallery(home)
    gallery.choices.set(choice)
    expect(galleryBytes(home).includes('0.7123')).toBe(false)
  })
})

describe('the fingerprint', () => {
  test('changes when a photograph comes or goes, or a pair is marked, and with nothing else', async () => {
    const gallery = await openGallery(newHome())
    const ada = enrolled(gallery, 'Ada', [photographOf(1), photographOf(2)])
    const seen = [gallery.fingerprint()]
    gallery.rename(ada, 'Ida')
    gallery.setSettings({ theme: 'dark' })
    expect(gallery.fingerprint()).toBe(seen[0])
    const changes = [
      () => gallery.addPhotograph(ada, photographOf(3)),
      () => enrolled(gallery, 'Bea', [photographOf(4)]),
      () => gallery.markNotSame(1, 2, true),
      () => gallery.dropPhotograph(3),
      () => gallery.forget(ada),
    ]
    for (const change of changes) {
      change()
      seen.push(gallery.fingerprint())
    }
    expect(new Set(seen).size).toBe(changes.length + 1)
  })
})

describe('pairs that are not the same', () => {
  test('are of people or of one person’s photographs, and go with them', async () => {
    const gallery = await openGallery(newHome())
    const ada = enrolled(gallery, 'Ada', [photographOf(1), photographOf(2)])
    const bea = enrolled(gallery, 'Bea', [photographOf(3)])
    gallery.markNotSame(2, 1, true)
    gallery.markNotSame(3, 1, true)
    gallery.markNotSame(2, 3, true) // the same two people again
    expect(gallery.notSame()).toEqual({ people: [[ada, bea]], photographs: [[1, 2]] })
    gallery.dropPhotograph(2)
    expect(gallery.notSame()).toEqual({ people: [[ada, bea]], photographs: [] })
    gallery.forget(bea)
    expect(gallery.notSame()).toEqual({ people: [], photographs: [] })
  })
})
