import { expect, test } from 'vitest'
import type { RetrainWish } from '../../src-main/contract.ts'
import { RunPulse } from '../../src-main/gallery/run-pulse.ts'
import type { IsGone, NewRun } from '../../src-main/gallery/training-runs.ts'
import { enrolled, galleryBytes, newHome, openGallery } from './fixture.ts'

const wish: RetrainWish = {
  depth: 'head',
  loss: null,
  miner: null,
  steps: 20,
  learningRate: null,
  distillation: null,
  seed: 1,
  processor: 'fastest',
}

const run: NewRun = {
  startedFrom: 'page',
  wish,
  device: 'made-up processor',
  why: 'it is the only one',
  stage: { run: 1, runs: 6, what: 'not begun yet' },
  step: 0,
  steps: 120,
  imagesPerSecond: null,
  remainingMs: null,
  curve: [],
}

const nobodyIsGone: IsGone = () => false
const everybodyIsGone: IsGone = () => true

test('one run goes on at a time, for every process that has the gallery open', async () => {
  const home = newHome()
  const [here, there] = [await openGallery(home), await openGallery(home)]
  expect(here.runs.last(nobodyIsGone)).toBeNull()
  expect(here.runs.begin(11, run, nobodyIsGone)).toEqual({ kind: 'begun', run: 1 })
  expect(there.runs.begin(12, run, nobodyIsGone)).toMatchObject({ kind: 'refused', reason: 'running' })
  expect(here.runs.putProgress(1, { step: 7, remainingMs: 900 })).toBe(true)
  expect(there.runs.last(nobodyIsGone)).toMatchObject({
    run: 1,
    state: 'running',
    step: 7,
    remainingMs: 900,
    wish,
  })

  expect(there.runs.end(1, { state: 'cancelled' })).toBe(true)
  expect(here.runs.putProgress(1, { step: 8 })).toBe(false) // its process is told by this
  expect(here.runs.end(1, { state: 'done', candidate: '1-abc' })).toBe(false)
  expect(here.runs.last(nobodyIsGone)).toMatchObject({ state: 'cancelled', step: 7, remainingMs: null })
  expect(there.runs.begin(12, run, nobodyIsGone)).toEqual({ kind: 'begun', run: 2 })
})

test('a run whose process is gone has failed, and holds nobody up', async () => {
  const gallery = await openGallery(newHome(), { now: () => 5000 })
  gallery.runs.begin(11, run, nobodyIsGone)
  const asked: unknown[] = []
  gallery.runs.last((runner) => (asked.push(runner), false))
  expect(asked).toEqual([{ process: 11, heardAt: 5000 }])
  expect(gallery.runs.last(everybodyIsGone)).toMatchObject({ state: 'failed', endedAt: 5000 })
  expect(gallery.runs.last(nobodyIsGone)!.message).toContain('ended unexpectedly')

  gallery.runs.begin(12, run, nobodyIsGone)
  expect(gallery.runs.begin(13, run, everybodyIsGone)).toEqual({ kind: 'begun', run: 3 })
  expect(gallery.runs.run(2)).toMatchObject({ state: 'failed' })
})

test('its pulse is heard without a key, and hears that the run was ended', async () => {
  const gallery = await openGallery(newHome(), { now: () => 5000 })
  gallery.runs.begin(11, run, nobodyIsGone)
  const pulse = new RunPulse(gallery.path, 1)
  pulse.beat(8000)
  let heardAt = 0
  gallery.runs.last((runner) => ((heardAt = runner.heardAt), false))
  expect(heardAt).toBe(8000)
  expect(pulse.goesOn()).toBe(true)
  gallery.runs.end(1, { state: 'failed', message: 'no' })
  expect(pulse.goesOn()).toBe(false)
  pulse.close()
})

test('the run that made a candidate is found by it', async () => {
  const gallery = await openGallery(newHome())
  gallery.runs.begin(11, run, nobodyIsGone)
  gallery.runs.end(1, { state: 'done', candidate: '1-abc' })
  gallery.runs.begin(11, run, nobodyIsGone)
  expect(gallery.runs.thatMade('1-abc')).toMatchObject({ run: 1, state: 'done' })
  expect(gallery.runs.thatMade('1-other')).toBeNull()
})

test('others are told of a change, and not of the progress of a run', async () => {
  const home = newHome()
  const [here, there] = [await openGallery(home), await openGallery(home)]
  const before = here.revisionElsewhere()
  here.setSettings({ theme: 'dark' }) // one's own is no news
  there.runs.begin(11, run, nobodyIsGone)
  const begun = here.revisionElsewhere()
  expect(begun).not.toBe(before)
  const data = here.dataVersion()
  there.runs.putProgress(1, { step: 9 })
  expect(here.dataVersion()).not.toBe(data)
  expect(here.revisionElsewhere()).toBe(begun)
  enrolled(there, 'Ada')
  expect(here.revisionElsewhere()).not.toBe(begun)
  // a refusal changes nothing
  const enrolledOne = here.revisionElsewhere()
  there.addPerson({ name: 'Ada', consentAt: 1, skippedViews: [] })
  expect(here.revisionElsewhere()).toBe(enrolledOne)
})

test('what a run says of itself is sealed', async () => {
  const home = newHome()
  const gallery = await openGallery(home)
  gallery.runs.begin(11, run, nobodyIsGone)
  expect(galleryBytes(home).includes('made-up processor')).toBe(false)
})

test('a gallery opens in another process by the key that was handed over, and by no other', async () => {
  const { Gallery } = await import('../../src-main/gallery/gallery.ts')
  const home = newHome()
  const first = await openGallery(home, { key: { kind: 'passphrase', passphrase: 'correct horse' } })
  enrolled(first, 'Ada')
  const key = first.handedKey()
  const second = await openGallery(home, { key })
  expect(second.personByName('Ada')?.person).toBe(1)
  expect(second.keyKeeper).toBe('passphrase')
  const wrong = { ...key, key: new Uint8Array(32) }
  expect(await Gallery.open({ home, key: wrong, now: Date.now })).toMatchObject({ reason: 'wrong-key' })
  expect(await Gallery.open({ home: newHome(), key, now: Date.now })).toMatchObject({ reason: 'missing-key' })
})
