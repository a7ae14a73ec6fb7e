import sharp from 'sharp'
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

async function begin(name: string, person?: number): Promise<string> {
  const begun = await engine.call('enrol.begin', { name, consent: true, person })
  if (begun.kind === 'refused') throw new Error(begun.message)
  return begun.draft
}

const frame = (draft: string, view: 'front' | 'left', shown: Shown) =>
  engine.call('enrol.frame', { draft, view, frame: frameOf(shown) })

const file = async (draft: string, shown: Shown, fileName = 'ada.png') =>
  engine.call('enrol.file', { draft, fileName, bytes: await pngOf(shown) })

async function enrolled(name: string, shown: Shown[]): Promise<number> {
  const draft = await begin(name)
  for (const one of shown) expect((await file(draft, one)).kind).toBe('kept')
  const saved = await engine.call('enrol.save', { draft })
  if (saved.kind === 'refused') throw new Error(saved.message)
  return saved.person
}

async function review(draft: string) {
  const reviewed = await engine.call('enrol.review', { draft })
  if (reviewed.kind === 'refused') throw new Error(reviewed.message)
  return reviewed
}

describe('guided by views', () => {
  const left = { roll: 0, yaw: 20, pitch: 0 }

  test('the best frame of each view is kept, a worse one is not', async () => {
    const draft = await begin('Ada')
    expect(await frame(draft, 'front', { person: 1, photograph: 5 })).toMatchObject({ kind: 'kept' })
    expect(await frame(draft, 'front', { person: 1, photograph: 3 })).toEqual({ kind: 'not-better' })
    expect(await frame(draft, 'front', { person: 1, photograph: 9 })).toMatchObject({ kind: 'kept' })
    const { photographs } = await review(draft)
    expect(photographs).toHaveLength(1)
    expect(photographs[0]).toMatchObject({ view: 'front', source: 'camera', fileName: null })
    expect(photographs[0]!.quality.find(({ component }) => component === 'Sharpness')!.value).toBe(10)
  })

  test('the pose must fit the view', async () => {
    const draft = await begin('Ada')
    expect(await frame(draft, 'left', { person: 1 })).toMatchObject({ kind: 'refused', reason: 'pose' })
    expect(await frame(draft, 'front', { person: 1, pose: left })).toMatchObject({ reason: 'pose' })
    expect(await frame(draft, 'left', { person: 1, pose: left })).toMatchObject({ kind: 'kept' })
  })

  test('a turned head fails the front view’s quality, not the side view’s', async () => {
    const draft = await begin('Ada')
    const turned = { person: 1, pose: left, failing: 'HeadPose' as const }
    expect(await frame(draft, 'left', turned)).toMatchObject({ kind: 'kept' })
    expect(await frame(draft, 'front', { ...turned, pose: undefined })).toMatchObject({
      kind: 'refused',
      reason: 'poor-quality',
      message: 'mend HeadPose',
    })
  })

  test.each([
    ['no-face', { person: 1, faces: 0 }],
    ['several-faces', { person: 1, faces: 2 }],
    ['poor-quality', { person: 1, failing: 'Sharpness' as const }],
  ])('a frame is refused with %s', async (reason, shown) => {
    const draft = await begin('Ada')
    expect(await frame(draft, 'front', shown)).toMatchObject({ kind: 'refused', reason })
    expect((await review(draft)).photographs).toHaveLength(0)
  })

  test('a skipped view is recorded with the enrolment, unless it is taken after all', async () => {
    const draft = await begin('Ada')
    await engine.call('enrol.skip', { draft, view: 'up' })
    await engine.call('enrol.skip', { draft, view: 'front' })
    await frame(draft, 'front', { person: 1 })
    expect((await review(draft)).skippedViews).toEqual(['up'])
    const saved = await engine.call('enrol.save', { draft })
    if (saved.kind === 'refused') throw new Error(saved.message)
    expect(parts.gallery.person(saved.person)!.skippedViews).toEqual(['up'])
  })
})

describe('names', () => {
  test.each([
    ['', 'name-empty'],
    [' \u200d ', 'name-empty'],
    ['x'.repeat(10_000), 'name-too-long'],
    ['Ada\nLovelace', 'name-control-characters'],
    ['Ada\u0000', 'name-control-characters'],
  ])('%j is refused before anything is photographed', async (name, reason) => {
    expect(await engine.call('enrol.begin', { name, consent: true })).toMatchObject({
      kind: 'refused',
      reason,
    })
  })

  test.each(['../../etc/passwd', 'C:\\Ada', 'عادة', '👩‍👩‍👧', 'a\u202eb', "Robert'); DROP TABLE person;--"])(
    '%j is kept exactly',
    async (name) => {
      const person = await enrolled(name, [{ person: 1 }])
      expect(await engine.call('person', { person })).toMatchObject({ name })
    },
  )

  test('one that is taken is refused at the beginning, and at saving when it was taken meanwhile', async () => {
    const draft = await begin('Ada')
    await file(draft, { person: 2 })
    await enrolled('ADA', [{ person: 1 }])
    expect(await engine.call('enrol.begin', { name: 'ada', consent: true })).toMatchObject({
      reason: 'name-taken',
    })
    expect(await engine.call('enrol.save', { draft })).toMatchObject({
      kind: 'refused',
      reason: 'name-taken',
    })
    expect((await review(draft)).photographs).toHaveLength(1)
  })

  describe('where one was taken meanwhile, what was kept is not lost:', () => {
    const rename = (draft: string, name: string, add?: boolean) =>
      engine.call('enrol.rename', { draft, name, add })

    test('it is saved under another', async () => {
      const draft = await begin('Ada')
      await file(draft, { person: 2 })
      await enrolled('ADA', [{ person: 1 }])
      expect(await rename(draft, 'ada')).toMatchObject({ kind: 'refused', reason: 'name-taken' })
      expect(await rename(draft, ' ')).toMatchObject({ kind: 'refused', reason: 'name-empty' })
      expect(await rename(draft, 'Ada B.')).toEqual({
        kind: 'renamed',
        name: 'Ada B.',
        person: null,
        left: 1,
      })
      expect((await review(draft)).name).toBe('Ada B.')
      expect(await engine.call('enrol.save', { draft })).toMatchObject({ kind: 'saved', photographs: 1 })
      expect((await engine.call('people', {})).map(({ name }) => name).sort()).toEqual(['ADA', 'Ada B.'])
    })

    test('or added to whoever has it, without what they have already', async () => {
      const draft = await begin('Ada')
      await file(draft, { person: 1, photograph: 1 })
      await file(draft, { person: 1, photograph: 2 })
      const ada = await enrolled('ADA', [{ person: 1, photograph: 1 }])
      expect(await rename(draft, 'ada', true)).toEqual({ kind: 'renamed', name: 'ADA', person: ada, left: 1 })
      expect(await engine.call('enrol.save', { draft })).toEqual({
        kind: 'saved',
        person: ada,
        photographs: 1,
      })
      expect(parts.gallery.photographs(ada)).toHaveLength(2)
    })

    test('but not beyond the number of photographs that a person may have, nor to nobody', async () => {
      await engine.call('settings.set', { photographsPerPerson: 2 })
      const draft = await begin('Ada')
      for (const photograph of [3, 4]) await file(draft, { person: 1, photograph })
      await enrolled('ADA', [{ person: 1, photograph: 1 }])
      expect(await rename(draft, 'Ada', true)).toMatchObject({ reason: 'too-many-photographs' })
      expect(await rename(draft, 'Nobody', true)).toMatchObject({ reason: 'not-enrolled' })
      expect((await review(draft)).photographs).toHaveLength(2)
    })
  })
})

describe('warnings before saving', () => {
  test('a face that is nearer to another enrolled person', async () => {
    const bea = await enrolled('Bea', [
      { person: 2, photograph: 1 },
      { person: 2, photograph: 2 },
    ])
    const draft = await begin('Ada')
    await file(draft, { person: 2, photograph: 3 })
    const { warnings } = await review(draft)
    expect(warnings).toMatchObject([{ kind: 'near-another-person', photograph: 1, person: bea, name: 'Bea' }])
  })

  test('not when photographs are added to that very person', async () => {
    const bea = await enrolled('Bea', [{ person: 2, photograph: 1 }])
    const draft = await begin('', bea)
    await file(draft, { person: 2, photograph: 3 })
    expect((await review(draft)).warnings).toEqual([])
  })

  test('a photograph that is an outlier among its own', async () => {
    const draft = await begin('Ada')
    for (const photograph of [1, 2, 3, 4]) await file(draft, { person: 1, photograph })
    await file(draft, { person: 9 })
    expect((await review(draft)).warnings).toMatchObject([{ kind: 'outlier', photograph: 5 }])
  })

  test('the same photograph twice', async () => {
    const draft = await begin('Ada')
    await file(draft, { person: 1, photograph: 1 })
    await file(draft, { person: 1, photograph: 1 })
    expect((await review(draft)).warnings).toEqual([
      { kind: 'same-photograph-twice', photograph: 2, other: 1 },
    ])
  })

  test('more than one face', async () => {
    const draft = await begin('Ada')
    await file(draft, { person: 1, faces: 3 })
    expect((await review(draft)).warnings).toEqual([{ kind: 'more-than-one-face', photograph: 1, faces: 3 }])
  })

  test('none of them keeps anybody from saving', async () => {
    const draft = await begin('Ada')
    await file(draft, { person: 1, faces: 3 })
    expect(await engine.call('enrol.save', { draft })).toMatchObject({ kind: 'saved', photographs: 1 })
  })
})

describe('limits', () => {
  test('at most the settable number of photographs, those already enrolled among them', async () => {
    await engine.call('settings.set', { photographsPerPerson: 3 })
    const ada = await enrolled('Ada', [
      { person: 1, photograph: 1 },
      { person: 1, photograph: 2 },
    ])
    const draft = await begin('Ada', ada)
    expect(await file(draft, { person: 1, photograph: 3 })).toMatchObject({ kind: 'kept' })
    expect(await file(draft, { person: 1, photograph: 4 })).toMatchObject({ reason: 'too-many-photographs' })
  })

  test('a photograph that is enrolled already is refused', async () => {
    const ada = await enrolled('Ada', [{ person: 1, photograph: 1 }])
    const draft = await begin('Ada', ada)
    expect(await file(draft, { person: 1, photograph: 1 })).toMatchObject({ reason: 'same-photograph' })
  })

  test('an empty draft is not saved', async () => {
    expect(await engine.call('enrol.save', { draft: await begin('Ada') })).toMatchObject({
      reason: 'no-photographs',
    })
    expect(parts.gallery.people()).toEqual([])
  })

  test('the ninth draft makes the one untouched for longest go', async () => {
    const drafts: string[] = []
    for (let i = 0; i < 9; i++) {
      parts.clock.ms += 1
      drafts.push(await begin(`Ada ${i}`))
    }
    expect(await engine.call('enrol.review', { draft: drafts[0]! })).toMatchObject({
      reason: 'unknown-draft',
    })
    expect(await engine.call('enrol.review', { draft: drafts[1]! })).toMatchObject({ kind: 'review' })
  })

  test('a draft is saved once, however often the button is pressed', async () => {
    const draft = await begin('Ada')
    await file(draft, { person: 1 })
    const both = await Promise.all([
      engine.call('enrol.save', { draft }),
      engine.call('enrol.save', { draft }),
    ])
    expect(both.map(({ kind }) => kind).sort()).toEqual(['refused', 'saved'])
    expect(parts.gallery.counts()).toMatchObject({ people: 1, photographs: 1 })
  })
})

test('what is dropped, or discarded, is not stored', async () => {
  const draft = await begin('Ada')
  await file(draft, { person: 1, photograph: 1 })
  await file(draft, { person: 1, photograph: 2 })
  expect(await engine.call('enrol.drop', { draft, photograph: 1 })).toEqual({ kind: 'dropped' })
  expect(await engine.call('enrol.drop', { draft, photograph: 1 })).toMatchObject({ kind: 'refused' })
  expect(await engine.call('enrol.save', { draft })).toMatchObject({ kind: 'saved', photographs: 1 })
  const other = await begin('Bea')
  await file(other, { person: 2 })
  await engine.call('enrol.discard', { draft: other })
  expect(await engine.call('enrol.save', { draft: other })).toMatchObject({ reason: 'unknown-draft' })
  expect(parts.gallery.counts()).toMatchObject({ people: 1, photographs: 1 })
})

describe('what a file says of its taking is kept with it:', () => {
  const noon = Date.UTC(2022, 4, 17, 10)

  async function kept(shown: Shown, date: string | null, camera: { Make: string; Model: string } | null) {
    const exif = {
      ...(camera && { IFD0: camera }),
      ...(date && { IFD2: { DateTimeOriginal: date, OffsetTimeOriginal: '+02:00' } }),
    }
    const bytes = new Uint8Array(
      await sharp(await pngOf(shown))
        .withExif(exif)
        .png()
        .toBuffer(),
    )
    const draft = await begin(`Person ${shown.person}`)
    expect((await engine.call('enrol.file', { draft, fileName: 'a.png', bytes })).kind).toBe('kept')
    const saved = await engine.call('enrol.save', { draft })
    if (saved.kind === 'refused') throw new Error(saved.message)
    return parts.gallery.photographs(saved.person)[0]!
  }

  test('when, and by which camera', async () => {
    expect(
      await kept({ person: 1 }, '2022:05:17 12:00:00', { Make: 'Google', Model: 'Pixel 8' }),
    ).toMatchObject({ capturedAt: noon, source: 'file', taken: { dated: true, camera: 'Google Pixel 8' } })
    expect(await kept({ person: 2 }, '2022:05:17 12:00:00', null)).toMatchObject({
      capturedAt: noon,
      taken: { dated: true, camera: null },
    })
  })

  test('a day to come is not believed, and one that says nothing was taken when it was handed in', async () => {
    const future = new Date(parts.now() + 3 * 24 * 3600e3).toISOString().slice(0, 19)
    const date = future.replaceAll('-', ':').replace('T', ' ')
    expect(await kept({ person: 1 }, date, { Make: 'Google', Model: 'Pixel 8' })).toMatchObject({
      capturedAt: parts.now(),
      taken: { dated: false, camera: 'Google Pixel 8' },
    })
    const silent = await kept({ person: 2 }, null, null)
    expect(silent.capturedAt).toBe(parts.now())
    expect(silent).not.toHaveProperty('taken')
  })
})

test('a file that is no picture is refused by name and the draft goes on', async () => {
  const draft = await begin('Ada')
  const bytes = new TextEncoder().encode('not a picture')
  expect(await engine.call('enrol.file', { draft, fileName: 'notes.jpg', bytes })).toMatchObject({
    kind: 'refused',
    reason: 'not-a-picture',
  })
  expect(await file(draft, { person: 1 })).toMatchObject({ kind: 'kept' })
})

test('without keeping crops nothing of the picture is stored but its embedding', async () => {
  await engine.call('settings.set', { keepCrops: false })
  const ada = await enrolled('Ada', [{ person: 1 }])
  const [photograph] = parts.gallery.photographs(ada)
  expect(parts.gallery.crop(photograph!.photograph)).toBeNull()
  expect(await engine.call('photograph', { photograph: photograph!.photograph })).toMatchObject({
    reason: 'no-crop',
  })
})
