import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defaultSettings } from '../../src-main/contract.ts'
import type { NewAttempt } from '../../src-main/gallery/records.ts'
import {
  enrolled,
  galleryBytes,
  newHome,
  openGallery,
  photographOf,
  random,
  someone,
  unitVectorOf,
} from './fixture.ts'

describe('people', () => {
  test('come back as they were enrolled, after the gallery was closed too', async () => {
    const home = newHome()
    const first = await openGallery(home, { now: () => 1234 })
    first.addPerson({ name: 'Ada 👩🏽‍🚀/..\\ \u202Eמשה', consentAt: 1000, skippedViews: ['up', 'down'] })
    first.close()
    const gallery = await openGallery(home)
    const ada = {
      person: 1,
      name: 'Ada 👩🏽‍🚀/..\\ \u202Eמשה',
      enrolledAt: 1234,
      consentAt: 1000,
      skippedViews: ['up', 'down'],
      photographs: 0,
      lastVerifiedAt: null,
    }
    expect(gallery.people()).toEqual([ada])
    expect(gallery.person(1)).toEqual(ada)
    expect(gallery.person(2)).toBeNull()
  })

  test('are found by name in any case and normal form', async () => {
    const gallery = await openGallery(newHome())
    const andre = enrolled(gallery, 'Andr\u00e9')
    expect(gallery.personByName('ANDRE\u0301')?.person).toBe(andre)
    expect(gallery.personByName('Andre')).toBeNull()
  })

  test('may not share a name', async () => {
    const gallery = await openGallery(newHome())
    const ada = enrolled(gallery, 'Ada')
    const ida = enrolled(gallery, 'Ida')
    expect(gallery.addPerson(someone('ADA'))).toMatchObject({ reason: 'name-taken' })
    expect(gallery.enrol(someone('ada '), [photographOf(1)])).toMatchObject({ reason: 'name-taken' })
    expect(gallery.rename(ida, 'ada')).toMatchObject({ reason: 'name-taken' })
    expect(gallery.rename(ada, 'ADA')).toEqual({ kind: 'renamed' })
    expect(gallery.people().map(({ name }) => name)).toEqual(['ADA', 'Ida'])
    expect(gallery.counts().photographs).toBe(0)
  })

  test('are refused a name that cannot be one, and nobody is renamed who is not there', async () => {
    const gallery = await openGallery(newHome())
    expect(gallery.addPerson(someone('a'.repeat(10_000)))).toMatchObject({ reason: 'name-too-long' })
    expect(gallery.enrol(someone('\n'), [])).toMatchObject({ reason: 'name-control-characters' })
    expect(gallery.rename(7, 'Ada')).toMatchObject({ reason: 'not-enrolled' })
    expect(gallery.people()).toEqual([])
  })

  test('have a number that nobody gets after them', async () => {
    const gallery = await openGallery(newHome())
    enrolled(gallery, 'Ada')
    const last = enrolled(gallery, 'Ida')
    gallery.forget(last)
    expect(enrolled(gallery, 'Eva')).toBe(last + 1)
  })
})

test('names stay unique and exact through any adding, renaming and forgetting', async () => {
  const gallery = await openGallery(newHome())
  // Names of one line are the same; the last two are none.
  const sameness = [
    ['Ada', 'ADA', ' ada'],
    ['Andr\u00e9', 'ANDRE\u0301'],
    ['Andre'],
    ['Straße', 'STRASSE'],
    ['משה'],
    ['👩🏽‍🚀'],
    ['', 'a\nb'],
  ]
  const groupOf = (name: string) => sameness.findIndex((names) => names.includes(name))
  const possible = (name: string) => groupOf(name) < 6
  const name = fc.constantFrom(...sameness.flat())
  const who = fc.nat(5)
  const step = fc.oneof(
    fc.record({ does: fc.constant('add' as const), name, who }),
    fc.record({ does: fc.constant('rename' as const), name, who }),
    fc.record({ does: fc.constant('forget' as const), name, who }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      for (const { person } of gallery.people()) gallery.forget(person)
      const model = new Map<number, string>()
      for (const { does, name, who } of steps) {
        const person = [...model.keys()][who] ?? 1e9
        const taken = [...model].some(
          ([each, theirs]) => groupOf(theirs) === groupOf(name) && !(does === 'rename' && each === person),
        )
        if (does === 'add') {
          const outcome = gallery.addPerson(someone(name))
          expect(outcome.kind === 'added').toBe(possible(name) && !taken)
          if (outcome.kind === 'added') model.set(outcome.person, name)
        } else if (does === 'rename') {
          const outcome = gallery.rename(person, name)
          expect(outcome.kind === 'renamed').toBe(model.has(person) && possible(name) && !taken)
          if (outcome.kind === 'renamed') model.set(person, name)
        } else {
          expect(gallery.forget(person).kind === 'forgotten').toBe(model.delete(person))
        }
      }
      expect(gallery.people().map((each) => [each.person, each.name])).toEqual([...model])
      for (const [person, name] of model) expect(gallery.personByName(name)!.person).toBe(person)
    }),
    { numRuns: 25 },
  )
})

describe('photographs', () => {
  test('come back with what their file said of its taking, which is sealed', async () => {
    const home = newHome()
    const gallery = await openGallery(home)
    const taken = { dated: true, camera: 'Pixel 8' }
    gallery.addPhotograph(enrolled(gallery, 'Ada'), photographOf(2, { taken }))
    expect(gallery.photographs(1).at(-1)!.taken).toEqual(taken)
    expect(galleryBytes(home).includes('Pixel 8')).toBe(false)
  })

  test('come back as they were added', async () => {
    const gallery = await openGallery(newHome())
    const ada = enrolled(gallery, 'Ada')
    const added = photographOf(1, { view: 'left', source: 'camera' })
    expect(gallery.addPhotograph(ada, added)).toEqual({ kind: 'added', photograph: 1 })
    expect(gallery.photographs(ada)).toEqual([
      {
        photograph: 1,
        person: ada,
        cropHash: added.cropHash,
        hasCrop: true,
        capturedAt: added.capturedAt,
        source: 'camera',
        view: 'left',
        quality: added.quality,
      },
    ])
    expect(gallery.photograph(1)).toEqual(gallery.photographs(ada)[0])
    expect(new Uint8Array(gallery.crop(1)!)).toEqual(added.crop)
    expect(gallery.embeddings('model-1')).toEqual([
      { photograph: 1, person: ada, embedding: added.embedding },
    ])
    expect(gallery.features('model-1')).toEqual([{ photograph: 1, person: ada, features: added.features }])
    expect(gallery.person(ada)!.photographs).toBe(1)
  })

  test('need no crop', async () => {
    const gallery = await openGallery(newHome())
    const ada = enrolled(gallery, 'Ada', [photographOf(1, { crop: null })])
    expect(gallery.photographs(ada)[0]!.hasCrop).toBe(false)
    expect(gallery.crop(1)).toBeNull()
    expect(gallery.stale('model-2')).toEqual([{ photograph: 1, person: ada, hasCrop: false }])
  })

  test('are not added to somebody who is not there', async () => {
    const gallery = await openGallery(newHome())
    expect(gallery.addPhotograph(7, photographOf(1))).toMatchObject({ reason: 'not-enrolled' })
    expect(gallery.enrol(7, [photographOf(1)])).toMatchObject({ reason: 'not-enrolled' })
    expect(gallery.enrol(7, [])).toMatchObject({ reason: 'not-enrolled' })
    expect(gallery.counts()).toEqual({ people: 0, photographs: 0, attempts: 0 })
  })

  test('of one enrolment are kept all or none', async () => {
    const gallery = await openGallery(newHome())
    const broken = photographOf(2, { embedding: new Float32Array(128).fill(NaN) })
    expect(() => gallery.enrol(someone('Ada'), [photographOf(1), broken])).toThrow('unit length, not NaN')
    expect(gallery.counts()).toEqual({ people: 0, photographs: 0, attempts: 0 })
    expect(gallery.enrol(someone('Ada'), [photographOf(1), photographOf(2)])).toMatchObject({
      kind: 'enrolled',
      photographs: [1, 2],
    })
  })

  test('can be dropped one by one', async () => {
    const gallery = await openGallery(newHome())
    const ada = enrolled(gallery, 'Ada', [photographOf(1), photographOf(2)])
    expect(gallery.dropPhotograph(1)).toEqual({ kind: 'dropped', erased: true })
    expect(gallery.dropPhotograph(1)).toMatchObject({ reason: 'no-such-photograph' })
    expect(gallery.photographs(ada).map(({ photograph }) => photograph)).toEqual([2])
    expect(gallery.crop(1)).toBeNull()
    expect(gallery.embeddings('model-1')).toHaveLength(1)
  })

  test('must have an embedding that is one', async () => {
    const gallery = await openGallery(newHome())
    const ada = enrolled(gallery, 'Ada', [photographOf(1)])
    const add = (changes: object) => () => gallery.addPhotograph(ada, photographOf(2, changes))
    expect(add({ embedding: unitVectorOf(2, 128).map((value) => value * 2) })).toThrow('unit length')
    expect(add({ embedding: unitVectorOf(2, 64) })).toThrow('128 numbers, not 64')
    expect(add({ features: new Float32Array([Infinity]) })).toThrow('finite')
    expect(gallery.photographs(ada)).toHaveLength(1)
  })
})

describe('a template', () => {
  /** The definition, written out: the sum of all, divided by its length. */
  const meanOf = (embeddings: Float32Array[]) => {
    const sum = embeddings[0]!.map((_, i) =>
      embeddings.reduce((total, embedding) => total + embedding[i]!, 0),
    )
    const length = Math.sqrt(sum.reduce((total, value) => total + value * value, 0))
    return sum.map((value) => value / length)
  }
  const expectClose = (one: Float32Array, other: Float32Array) =>
    one.forEach((value, i) => expect(value).toBeCloseTo(other[i]!, 6))

  test('is the mean of a person’s embeddings, of unit length, whatever was added, dropped or replaced', async () => {
    const gallery = await openGallery(newHome())
    const people = ['Ada', 'Ida', 'Eva'].map((name) => enrolled(gallery, name))
    const model = new Map<number, { person: number; embedding: Float32Array }>()
    const next = random(5)
    for (let step = 0; step < 60; step++) {
      const person = people[Math.floor(next() * 3)]!
      const any = [...model.keys()][Math.floor(next() * model.size)]
      const embedding = unitVectorOf(step, 16)
      if (any === undefined || next() < 0.5) {
        const added = gallery.addPhotograph(person, photographOf(step, { embedding }))
        if (added.kind === 'added') model.set(added.photograph, { person, embedding })
      } else if (next() < 0.5) {
        gallery.dropPhotograph(any)
        model.delete(any)
      } else {
        gallery.putEmbedding(any, 'model-1', photographOf(step).features, embedding)
        model.set(any, { person: model.get(any)!.person, embedding })
      }
      for (const each of people) {
        const theirs = [...model.values()].filter((of) => of.person === each).map((of) => of.embedding)
        const outcome = gallery.template(each, 'model-1')
        if (theirs.length === 0) expect(outcome).toEqual({ kind: 'none' })
        else if (outcome.kind !== 'template') expect.fail(outcome.kind)
        else {
          expect(outcome.template.photographs).toBe(theirs.length)
          expectClose(outcome.template.embedding, meanOf(theirs))
        }
      }
    }
    expect(gallery.templates('model-1').map(({ person }) => person)).toEqual(
      people.filter((person) => [...model.values()].some((of) => of.person === person)),
    )
  })

  test('made by another model version is never given, until its photographs are re-embedded', async () => {
    const gallery = await openGallery(newHome())
    const ada = enrolled(gallery, 'Ada', [photographOf(1), photographOf(2)])
    expect(gallery.template(ada, 'model-2')).toEqual({ kind: 'other-version', modelVersions: ['model-1'] })
    expect(gallery.templates('model-2')).toEqual([])
    expect(gallery.stale('model-2').map(({ photograph }) => photograph)).toEqual([1, 2])

    const embedding = unitVectorOf(9, 64)
    expect(gallery.putEmbedding(1, 'model-2', new Float32Array(4), embedding)).toEqual({ kind: 'put' })
    expect(gallery.putEmbedding(9, 'model-2', new Float32Array(4), embedding)).toMatchObject({
      reason: 'no-such-photograph',
    })
    expect(gallery.stale('model-2').map(({ photograph }) => photograph)).toEqual([2])
    expect(gallery.embeddings('model-2')).toEqual([{ photograph: 1, person: ada, embedding }])
    expect(gallery.template(ada, 'model-2')).toMatchObject({
      template: { modelVersion: 'model-2', photographs: 1 },
    })
    expect(gallery.template(ada, 'model-1')).toMatchObject({
      template: { modelVersion: 'model-1', photographs: 2 },
    })
  })

  test('goes under every version with the last photograph', async () => {
    const gallery = await openGallery(newHome())
    const ada = enrolled(gallery, 'Ada', [photographOf(1)])
    gallery.putEmbedding(1, 'model-2', new Float32Array(4), unitVectorOf(9, 64))
    gallery.dropPhotograph(1)
    expect(gallery.template(ada, 'model-1')).toEqual({ kind: 'none' })
    expect(gallery.template(ada, 'model-2')).toEqual({ kind: 'none' })
  })
})

describe('attempts', () => {
  const attempt = (person: number | null, changes: Partial<NewAttempt> = {}): NewAttempt => ({
    at: 1,
    person,
    claim: 'Ada',
    outcome: 'no-match',
    distance: 0.75,
    threshold: 0.5,
    form: 'burst-template',
    modelVersion: 'model-1',
    ...changes,
  })

  test('come back newest first, a page at a time', async () => {
    const gallery = await openGallery(newHome())
    const ada = enrolled(gallery, 'Ada')
    for (let at = 1; at <= 7; at++) gallery.attempts.add(attempt(at % 2 ? ada : null, { at }))
    const pages = [gallery.attempts.newest({ limit: 3 })]
    for (;;) {
      const page = gallery.attempts.newest({ limit: 3, before: pages.at(-1)!.at(-1)!.attempt })
      if (page.length === 0) break
      pages.push(page)
    }
    expect(pages.map((page) => page.map(({ at }) => at))).toEqual([[7, 6, 5], [4, 3, 2], [1]])
    expect(pages[0]![0]).toEqual({ attempt: 7, ...attempt(ada, { at: 7 }) })
    expect(gallery.attempts.newest({ limit: 9, person: ada }).map(({ at }) => at)).toEqual([7, 5, 3, 1])
  })

  test('tell when somebody was last verified', async () => {
    const gallery = await openGallery(newHome())
    const ada = enrolled(gallery, 'Ada')
    gallery.attempts.add(attempt(ada, { at: 5, outcome: 'match' }))
    gallery.attempts.add(attempt(ada, { at: 6 }))
    expect(gallery.person(ada)!.lastVerifiedAt).toBe(5)
  })

  test('count as failures in a row since the last match, of this person, and only those compared', async () => {
    const gallery = await openGallery(newHome())
    const ada = enrolled(gallery, 'Ada')
    const ida = enrolled(gallery, 'Ida')
    expect(gallery.attempts.recentFailures(ada)).toEqual({ failures: 0, lastAt: null })
    gallery.attempts.add(attempt(ada, { at: 1 }))
    gallery.attempts.add(attempt(ada, { at: 2, outcome: 'match' }))
    expect(gallery.attempts.recentFailures(ada)).toEqual({ failures: 0, lastAt: null })
    gallery.attempts.add(attempt(ada, { at: 3 }))
    gallery.attempts.add(attempt(ada, { at: 4 }))
    gallery.attempts.add(attempt(ada, { at: 5, outcome: 'poor-quality', distance: null }))
    gallery.attempts.add(attempt(ada, { at: 6, outcome: 'locked-out', distance: null }))
    gallery.attempts.add(attempt(ida, { at: 7 }))
    expect(gallery.attempts.recentFailures(ada)).toEqual({ failures: 2, lastAt: 4 })
  })

  test('against somebody forgotten meanwhile do not bring the name back', async () => {
    const gallery = await openGallery(newHome())
    const ada = enrolled(gallery, 'Ada')
    gallery.forget(ada)
    gallery.attempts.add(attempt(ada))
    expect(gallery.attempts.newest({ limit: 1 })).toMatchObject([{ person: null, claim: `person ${ada}` }])
  })
})

describe('settings', () => {
  test('are what was set, and stay', async () => {
    const home = newHome()
    const first = await openGallery(home)
    expect(first.settings()).toEqual({})
    first.setSettings({ wantedFmr: 1e-3, camera: 'front' })
    first.setSettings({ camera: null })
    first.close()
    const gallery = await openGallery(home)
    expect(gallery.settings()).toEqual({ wantedFmr: 1e-3, camera: null })
    gallery.setSettings(defaultSettings)
    expect(gallery.settings()).toEqual(defaultSettings)
  })
})
