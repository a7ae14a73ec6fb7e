import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createEngine, type Engine } from '../../src-main/engine.ts'
import { frameOf, madeUpParts, pngOf, type Shown } from './made-up-faces.ts'

type MadeUpParts = Awaited<ReturnType<typeof madeUpParts>>
let parts: MadeUpParts
let engine: Engine

beforeEach(async () => {
  parts = await madeUpParts()
  engine = createEngine(parts)
})
afterEach(() => {
  engine.close()
  parts.gallery.close()
})

async function enrolled(name: string, shown: Shown[], by = engine): Promise<number> {
  const begun = await by.call('enrol.begin', { name, consent: true })
  if (begun.kind === 'refused') throw new Error(begun.message)
  const { draft } = begun
  for (const one of shown) await by.call('enrol.file', { draft, fileName: 'a.png', bytes: await pngOf(one) })
  const saved = await by.call('enrol.save', { draft })
  if (saved.kind === 'refused') throw new Error(saved.message)
  return saved.person
}

const photographs = (person: number, count = 3) =>
  Array.from({ length: count }, (_, i) => ({ person, photograph: i + 1 }))

describe('people', () => {
  test('are listed with what they are known by', async () => {
    const ada = await enrolled('Ada', photographs(1))
    await engine.call('verify', { person: ada, frames: [frameOf({ person: 1, photograph: 9 })] })
    const [summary] = await engine.call('people', {})
    expect(summary).toEqual({
      person: ada,
      name: 'Ada',
      photographs: 3,
      bestPhotograph: 3, // the sharpest of the made-up ones
      enrolledAt: parts.clock.ms,
      lastVerifiedAt: parts.clock.ms,
      quality: 1,
      confusableWith: null,
    })
  })

  test('who may be taken for each other are marked, with each other’s name', async () => {
    const ada = await enrolled('Ada', photographs(1))
    const twin = await enrolled('Bea', [
      { person: 1, photograph: 4 },
      { person: 1, photograph: 5 },
    ])
    await enrolled('Cleo', photographs(3))
    const everybody = await engine.call('people', {})
    expect(everybody.map(({ confusableWith }) => confusableWith?.person ?? null)).toEqual([twin, ada, null])
    expect(everybody[0]!.confusableWith!.name).toBe('Bea')
  })

  test('have details: photographs with their distance to the others, who is near, distances over time', async () => {
    const ada = await enrolled('Ada', photographs(1))
    const bea = await enrolled('Bea', photographs(2))
    await engine.call('verify', { person: ada, frames: [frameOf({ person: 1, photograph: 9 })] })
    await engine.call('verify', { person: ada, frames: [frameOf({ person: 1, faces: 0 })] })
    const details = await engine.call('person', { person: ada })
    if (!('photographList' in details)) throw new Error(details.message)
    expect(details.photographList).toHaveLength(3)
    expect(details.photographList[0]!.distanceToOthers).toBeGreaterThan(0.1)
    expect(details.nearest).toMatchObject([{ person: bea, name: 'Bea' }])
    expect(details.genuineOverTime).toMatchObject([{ outcome: 'match' }]) // a refusal has no distance
  })

  test('are forgotten only when their name was typed', async () => {
    const ada = await enrolled('Ada', photographs(1))
    expect(await engine.call('person.forget', { person: ada, name: 'Bea' })).toMatchObject({
      reason: 'name-differs',
    })
    expect(await engine.call('person.forget', { person: ada, name: 'Ada' })).toEqual({ kind: 'forgotten' })
    expect(await engine.call('person', { person: ada })).toMatchObject({ reason: 'not-enrolled' })
    expect(await engine.call('people', {})).toEqual([])
  })

  test('are renamed unless the name is taken', async () => {
    const ada = await enrolled('Ada', photographs(1))
    await enrolled('Bea', photographs(2))
    expect(await engine.call('person.rename', { person: ada, name: 'bea' })).toMatchObject({
      reason: 'name-taken',
    })
    expect(await engine.call('person.rename', { person: ada, name: 'Ada L.' })).toEqual({ kind: 'renamed' })
  })
})

test('a photograph is shown as a JPEG, dropped, and then gone', async () => {
  const ada = await enrolled('Ada', photographs(1, 2))
  const [first] = parts.gallery.photographs(ada)
  const { photograph } = first!
  const shown = await engine.call('photograph', { photograph })
  expect(shown.kind === 'jpeg' && shown.jpeg.slice(0, 2)).toEqual(Uint8Array.of(0xff, 0xd8))
  expect(await engine.call('photograph.drop', { photograph })).toEqual({ kind: 'dropped' })
  expect(await engine.call('photograph', { photograph })).toMatchObject({ reason: 'no-such-photograph' })
})

test('the status says what verification from the camera is judged by, and where that comes from', async () => {
  await enrolled('Ada', photographs(1))
  expect(await engine.call('status', {})).toMatchObject({
    home: parts.home,
    gallery: { people: 1, photographs: 3 },
    keyKeeper: 'key-file',
    threshold: {
      form: 'burst-template',
      distance: 0.7,
      wantedFmr: 1e-4,
      origin: { kind: 'card', people: 100 },
    },
    ready: true,
  })
})

test('a wanted false match rate that was set moves the threshold', async () => {
  await engine.call('settings.set', { wantedFmr: 1e-2 })
  const { threshold } = await engine.call('status', {})
  expect(threshold).toMatchObject({ distance: 0.7 + 0.2, wantedFmr: 1e-2 })
})

describe('events', () => {
  test('tell of a change of the gallery, and of none where it was refused', async () => {
    let heard = 0
    engine.on('gallery-changed', () => heard++)
    const ada = await enrolled('Ada', photographs(1))
    expect(heard).toBe(1)
    await engine.call('person.forget', { person: ada, name: 'Bea' })
    expect(heard).toBe(1)
    await engine.call('person.forget', { person: ada, name: 'Ada' })
    expect(heard).toBe(2)
  })

  test('tell of a change that another process made', async () => {
    const changed = new Promise<void>((resolve) => engine.on('gallery-changed', () => resolve()))
    const elsewhere = await madeUpParts({ home: parts.home })
    const other = createEngine(elsewhere)
    await enrolled('Ada', photographs(1), other)
    await changed // or the test times out
    expect(await engine.call('people', {})).toHaveLength(1)
    other.close()
    elsewhere.gallery.close()
  })

  test('tell of settings', async () => {
    const heard: unknown[] = []
    engine.on('settings-changed', (settings) => heard.push(settings.theme))
    await engine.call('settings.set', { theme: 'dark' })
    expect(heard).toEqual(['dark'])
  })

  test('are heard no more after unhearing', async () => {
    let heard = 0
    const unhear = engine.on('gallery-changed', () => heard++)
    unhear()
    await enrolled('Ada', photographs(1))
    expect(heard).toBe(0)
  })
})

test('a gallery travels in a file: progress is told, and who is there already stays as they are', async () => {
  await enrolled('Ada', photographs(1))
  await enrolled('Bea', photographs(2))
  const steps: string[] = []
  engine.on('progress', ({ job, done, total }) => steps.push(`${job} ${done}/${total}`))
  const exported = await engine.call('gallery.export', { passphrase: 'correct horse', job: 'e' })
  if (exported.kind === 'refused') throw new Error(exported.message)
  expect(steps).toEqual(['e 1/2', 'e 2/2'])

  const elsewhere = await madeUpParts()
  const other = createEngine(elsewhere)
  await enrolled('Ada', photographs(5), other)
  const bytes = new Uint8Array(exported.bytes)
  expect(await other.call('gallery.import', { passphrase: 'wrong', bytes })).toMatchObject({
    kind: 'refused',
    reason: 'wrong-passphrase',
  })
  expect(await other.call('gallery.import', { passphrase: 'correct horse', bytes })).toMatchObject({
    kind: 'imported',
    people: 1,
    skipped: ['Ada'],
  })
  const [, bea] = await other.call('people', {})
  const frames = [frameOf({ person: 2, photograph: 9 })]
  expect(await other.call('verify', { person: bea!.person, frames })).toMatchObject({ kind: 'match' })
  other.close()
  elsewhere.gallery.close()
})

test('a job that is not running cannot be cancelled', async () => {
  expect(await engine.call('job.cancel', { job: 'none' })).toMatchObject({ reason: 'no-such-job' })
})

test('networks that do not load are told to whoever needs them; the gallery stays open', async () => {
  engine.close()
  engine = createEngine({
    ...parts,
    vision: Promise.reject(new Error('face-recognition.onnx is not the model')),
  })
  expect(await engine.call('people', {})).toEqual([])
  await expect(engine.call('preview', { frame: frameOf({ person: 1 }) })).rejects.toThrow(
    'face-recognition.onnx',
  )
  expect((await engine.call('status', {})).ready).toBe(false)
})

test('the audit log goes out as CSV without an image', async () => {
  const ada = await enrolled('Ada', photographs(1))
  await engine.call('verify', { person: ada, frames: [frameOf({ person: 1, photograph: 9 })] })
  const { csv } = await engine.call('attempts.csv', {})
  expect(csv.trim().split('\r\n')).toHaveLength(2)
  expect(csv).toContain(',Ada,match,')
})

test('after a change of the model everybody is re-embedded from their kept crops, and heard of', async () => {
  const ada = await enrolled('Ada', photographs(1))
  const bea = await enrolled('Bea', photographs(2))
  engine.close()
  engine = createEngine({ ...parts, model: { name: 'made-up', version: '2' } })
  const steps: number[] = []
  engine.on('progress', ({ done }) => steps.push(done))
  await new Promise<void>((resolve) => engine.on('gallery-changed', () => resolve()))
  expect(steps).toEqual([1, 2, 3, 4, 5, 6])
  for (const person of [ada, bea])
    expect(parts.gallery.template(person, '2')).toMatchObject({
      kind: 'template',
      template: { photographs: 3 },
    })
})

test('a call that another room answers is answered; one that no room answers is a fault', async () => {
  await expect(engine.call('cohort.list', {})).rejects.toThrow('no room for "cohort.list"')
  engine.close()
  engine = createEngine(parts, () => ({ 'cohort.list': () => [] }))
  expect(await engine.call('cohort.list', {})).toEqual([])
})
