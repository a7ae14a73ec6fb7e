import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { encode } from '@msgpack/msgpack'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeRecords, encodeRecord } from '../../src-main/gallery/export-records.ts'
import type { Gallery } from '../../src-main/gallery/gallery.ts'
import { sealFile } from '../../src-main/gallery/sealed-file.ts'
import { cropOf, enrolled, newHome, openGallery, photographOf, someone, unitVectorOf } from './fixture.ts'

const passphrase = 'correct horse battery'

async function exported(gallery: Gallery): Promise<Uint8Array> {
  const outcome = await gallery.exportTo(passphrase)
  if (outcome.kind === 'refused') throw new Error(outcome.message)
  return outcome.bytes
}

/** Nobody looks at crops here. */
function unchecked(photographs: number, people: number) {
  const [pictures, whom] = [photographs === 1 ? '' : 's', people === 1 ? 'person' : 'people']
  return expect.stringContaining(
    `${photographs} photograph${pictures} of ${people} ${whom} could not be checked`,
  )
}

/** Ada and Ida with photographs, two model versions, attempts and settings. */
async function galleryOfTwo(): Promise<Gallery> {
  const gallery = await openGallery(newHome(), { now: () => 1234 })
  enrolled(gallery, 'Nobody stays')
  gallery.forget(1) // so that numbers differ in the other gallery
  const ada = gallery.addPerson({ name: 'Ada 👩🏽‍🚀', consentAt: 5, skippedViews: ['up', 'down'] })
  if (ada.kind === 'refused') throw new Error(ada.message)
  gallery.enrol(ada.person, [
    photographOf(1, { view: 'left', source: 'camera' }),
    photographOf(2, { crop: null, taken: { dated: true, camera: 'Pixel 8' } }),
  ])
  gallery.putEmbedding(1, 'model-2', new Float32Array([1, 2]), unitVectorOf(7, 64))
  const ida = enrolled(gallery, 'Ida', [photographOf(3)])
  const attempt = {
    outcome: 'match',
    distance: 0.25,
    threshold: 0.5,
    form: 'burst-template',
    modelVersion: 'model-1',
  } as const
  gallery.attempts.add({ ...attempt, at: 100, person: ada.person, claim: 'Ada 👩🏽‍🚀' })
  gallery.attempts.add({ ...attempt, at: 101, person: ida, claim: 'Ida', outcome: 'no-match' })
  gallery.attempts.add({
    ...attempt,
    at: 102,
    person: null,
    claim: 'Eva',
    outcome: 'not-enrolled',
    distance: null,
  })
  gallery.setSettings({ wantedFmr: 1e-3, theme: 'dark' })
  return gallery
}

/** All a gallery tells, without numbers, which differ from gallery to gallery. */
function contentOf(gallery: Gallery) {
  return {
    people: gallery.people().map(({ person, ...rest }) => ({
      ...rest,
      photographList: gallery.photographs(person).map(({ photograph, person: _person, ...kept }) => ({
        ...kept,
        crop: gallery.crop(photograph)?.toString(),
      })),
      vectors: ['model-1', 'model-2'].map((version) => [
        gallery.embeddings(version, person).map(({ embedding }) => embedding),
        gallery.features(version, person).map(({ features }) => features),
      ]),
      templates: ['model-1', 'model-2'].map((version) => {
        const outcome = gallery.template(person, version)
        return outcome.kind === 'template' ? outcome.template.embedding : outcome
      }),
      attempts: gallery.attempts
        .newest({ limit: 9, person })
        .map(({ at, claim, outcome }) => [at, claim, outcome]),
    })),
    attempts: gallery.attempts.newest({ limit: 9 }).map(({ at, claim, outcome }) => [at, claim, outcome]),
    settings: gallery.settings(),
  }
}

describe('an exported gallery', () => {
  test('holds everything, as after the loss of the machine', async () => {
    const gallery = await galleryOfTwo()
    const other = await openGallery(newHome(), { key: { kind: 'passphrase', passphrase: 'other' } })
    const progress: number[][] = []
    const onProgress = (done: number, total: number) => progress.push([done, total])
    expect(await other.importFrom(await exported(gallery), passphrase, { onProgress, looker: null })).toEqual(
      {
        kind: 'imported',
        people: 2,
        photographs: 3,
        skipped: [],
        models: 0,
        strangers: 0,
        notes: ['The settings of the file were taken over.', unchecked(3, 2)],
        cancelled: false,
      },
    )
    expect(contentOf(other)).toEqual(contentOf(gallery))
    expect(progress).toEqual([
      [1, 2],
      [2, 2],
    ])
  })

  test('leaves who is already there as they are, and names them', async () => {
    const gallery = await galleryOfTwo()
    const bytes = await exported(gallery)
    const other = await openGallery(newHome())
    const ida = enrolled(other, 'IDA', [photographOf(50)])
    const before = contentOf(other)
    expect(await other.importFrom(bytes, passphrase, { looker: null })).toMatchObject({
      people: 1,
      photographs: 2,
      skipped: ['Ida'],
      notes: ['The settings stay as they are here: those of the file were not taken.', unchecked(2, 1)],
    })
    expect(other.people().map(({ name }) => name)).toEqual(['IDA', 'Ada 👩🏽‍🚀'])
    expect(contentOf(other).people[0]).toEqual(before.people[0])
    expect(other.settings()).toEqual({}) // those of a gallery in use stay
    expect(other.attempts.newest({ limit: 9, person: ida })).toEqual([])
    expect(await other.importFrom(bytes, passphrase, { looker: null })).toMatchObject({
      people: 0,
      skipped: ['Ada 👩🏽‍🚀', 'Ida'],
    })
    expect(other.counts()).toMatchObject({ people: 2, photographs: 3, attempts: 1 })
  })

  test('of the format before this one is read too', async () => {
    // Made by the program that wrote it (its crops given a kept crop's size since), commit 85f7aa0: Ada with two photographs, an attempt and a setting.
    const bytes = readFileSync(join(import.meta.dirname, 'fixtures/export-version-1.gallery'))
    expect(bytes.toString('latin1', 0, 19)).toBe('SEMBLANCE GALLERY 1')
    const gallery = await openGallery(newHome())
    expect(await gallery.importFrom(bytes, passphrase, { looker: null })).toMatchObject({
      people: 1,
      photographs: 2,
      models: 0,
    })
    expect(gallery.crop(1)).toEqual(Buffer.from(cropOf(1, 64)))
    expect(gallery.crop(2)).toBeNull()
    expect(gallery.embeddings('model-1', 1)[1]!.embedding).toEqual(photographOf(2).embedding)
    expect(gallery.attempts.newest({ limit: 9 })).toMatchObject([{ at: 100, claim: 'Ada' }])
    expect(gallery.settings()).toEqual({ wantedFmr: 1e-3 })
  })

  test('is of one moment, whatever is written meanwhile', async () => {
    const gallery = await galleryOfTwo()
    const before = contentOf(gallery)
    const exporting = gallery.exportTo(passphrase)
    enrolled(gallery, 'Eva', [photographOf(9)])
    gallery.forget(gallery.personByName('Ida')!.person)
    const outcome = await exporting
    const other = await openGallery(newHome())
    if (outcome.kind === 'exported') await other.importFrom(outcome.bytes, passphrase, { looker: null })
    expect(contentOf(other)).toEqual(before)
  })

  test('can be cancelled while it is made or read', async () => {
    const gallery = await galleryOfTwo()
    const stopping = new AbortController()
    const stop = { onProgress: () => stopping.abort(), signal: stopping.signal }
    expect(await gallery.exportTo(passphrase, stop)).toMatchObject({ kind: 'refused', reason: 'cancelled' })
    const bytes = await exported(gallery)
    const other = await openGallery(newHome())
    const again = new AbortController()
    const outcome = await other.importFrom(bytes, passphrase, {
      looker: null,
      onProgress: () => again.abort(),
      signal: again.signal,
    })
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'cancelled' })
    expect(contentOf(other)).toEqual({ people: [], attempts: [], settings: {} }) // a restore is whole or not at all
    const third = new AbortController()
    enrolled(other, 'Eva', [photographOf(9)])
    expect(
      await other.importFrom(bytes, passphrase, {
        looker: null,
        onProgress: () => third.abort(),
        signal: third.signal,
      }),
    ).toMatchObject({ kind: 'imported', people: 1, cancelled: true })
    expect(other.counts()).toMatchObject({ people: 2, photographs: 3 })
    expect(await other.importFrom(bytes, passphrase, { looker: null })).toMatchObject({
      people: 1,
      skipped: ['Ada 👩🏽‍🚀'],
    })
  })

  test('of nobody can be made and read', async () => {
    const gallery = await openGallery(newHome())
    const other = await openGallery(newHome())
    expect(await other.importFrom(await exported(gallery), passphrase, { looker: null })).toMatchObject({
      people: 0,
      skipped: [],
    })
  })

  test('is not read with another passphrase, nor anything that is no export', async () => {
    const gallery = await galleryOfTwo()
    const bytes = await exported(gallery)
    const other = await openGallery(newHome())
    expect(await other.importFrom(bytes, 'wrong', { looker: null })).toMatchObject({
      reason: 'wrong-passphrase',
    })
    expect(await other.importFrom(new Uint8Array(0), passphrase, { looker: null })).toMatchObject({
      reason: 'not-an-export',
    })
    expect(await other.importFrom(bytes.subarray(0, -1), passphrase, { looker: null })).toMatchObject({
      reason: 'damaged',
    })
    expect(other.counts()).toEqual({ people: 0, photographs: 0, attempts: 0 })
    expect(other.settings()).toEqual({})
  })
})

describe('a file made by someone who knows the passphrase, but not by us', () => {
  const { crop, cropHash, quality, embedding, features } = photographOf(1)
  const photograph = {
    crop,
    cropHash,
    quality,
    capturedAt: 1,
    source: 'file',
    view: null,
    embeddings: [{ modelVersion: 'model-1', embedding, features }],
  }
  const person = { ...someone('Ada'), enrolledAt: 1, photographs: [photograph], attempts: [] }
  const rest = { kind: 'rest', rest: { settings: {}, attempts: [] } }
  const vectors = (changes: object) => [{ modelVersion: 'model-1', embedding, features, ...changes }]
  const withPerson = (changes: object) => [{ kind: 'person', person: { ...person, ...changes } }, rest]
  const withPhotograph = (changes: object) => withPerson({ photographs: [{ ...photograph, ...changes }] })

  function sized(width: number, height: number): Buffer {
    const png = Buffer.from(crop!)
    png.writeUInt32BE(width, 16)
    png.writeUInt32BE(height, 20)
    return png
  }

  async function sealedFile(records: unknown[]): Promise<Uint8Array> {
    async function* parts() {
      for (const record of records) yield framed(record)
    }
    return sealFile(parts(), passphrase)
  }
  function framed(record: unknown): Buffer {
    const body = encode(record)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(body.length)
    return Buffer.concat([length, body])
  }
  const decoded = (records: unknown[]) => decodeRecords(Buffer.concat(records.map(framed)))

  test('is read when it is right', async () => {
    expect(decoded(withPerson({}))?.people).toHaveLength(1)
    const gallery = await openGallery(newHome())
    expect(
      await gallery.importFrom(await sealedFile(withPerson({})), passphrase, { looker: null }),
    ).toMatchObject({
      people: 1,
    })
  })

  test.each<[string, unknown[]]>([
    ['nothing', []],
    ['no end', withPerson({}).slice(0, 1)],
    ['something after the end', [rest, ...withPerson({})]],
    ['an unknown record', [{ kind: 'other' }, rest]],
    ['a list instead of a record', [[1, 2, 3], rest]],
    ['a name with a control character', withPerson({ name: 'Ada\n' })],
    ['a name of 10 kB', withPerson({ name: 'a'.repeat(10_000) })],
    ['a time that is not a number', withPerson({ enrolledAt: 'now' })],
    ['a time that is NaN', withPerson({ consentAt: NaN })],
    ['a time that no date can be', withPerson({ enrolledAt: 8.64e15 + 1 })],
    ['an unknown view', withPerson({ skippedViews: ['behind'] })],
    ['a crop that is no PNG', withPhotograph({ crop: new Uint8Array(100) })],
    ['a crop of another size', withPhotograph({ crop: sized(255, 256) })],
    ['a crop of a size of gigabytes', withPhotograph({ crop: sized(256, 2 ** 31) })],
    ['a crop of 2 MB', withPhotograph({ crop: Buffer.concat([crop!, Buffer.alloc(2e6)]) })],
    ['a photograph without an embedding', withPhotograph({ embeddings: [] })],
    [
      'an embedding of NaN',
      withPhotograph({ embeddings: vectors({ embedding: new Float32Array(128).fill(NaN) }) }),
    ],
    [
      'an embedding of length 2',
      withPhotograph({ embeddings: vectors({ embedding: embedding.map((x) => 2 * x) }) }),
    ],
    [
      'an embedding of no numbers',
      withPhotograph({ embeddings: vectors({ embedding: new Float32Array(0) }) }),
    ],
    ['an embedding of 3 bytes', withPhotograph({ embeddings: vectors({ embedding: new Uint8Array(3) }) })],
    ['an embedding as text', withPhotograph({ embeddings: vectors({ embedding: 'AAAA' }) })],
    ['an unknown quality component', withPhotograph({ quality: [{ ...quality[0], component: 'Beauty' }] })],
    ['an unknown outcome', withPerson({ attempts: [{ at: 1, claim: 'Ada', outcome: 'maybe' }] })],
    ['a setting out of its range', [{ kind: 'rest', rest: { settings: { wantedFmr: 1 }, attempts: [] } }]],
  ])('is refused whole with %s', async (_what, records) => {
    expect(decoded(records)).toBeNull()
  })

  test.each<[string, unknown[]]>([
    ['an unknown setting', [{ kind: 'rest', rest: { settings: { camera: null, x: 1 }, attempts: [] } }]],
    ['an unknown field', withPerson({ admin: true, __proto__: { admin: true } })],
  ])('gives nothing of %s', async (_what, records) => {
    const { people, rest } = decoded(records)!
    expect(rest.settings).not.toHaveProperty('x')
    for (const each of people) expect(each).not.toHaveProperty('admin')
  })

  test('is refused where its embeddings are not as long as those here, or as each other', async () => {
    const gallery = await openGallery(newHome())
    const short = withPhotograph({ embeddings: vectors({ embedding: unitVectorOf(1, 64) }) })
    const mixed = withPerson({
      photographs: [photograph, { ...photograph, embeddings: vectors({ embedding: unitVectorOf(1, 64) }) }],
    })
    expect(await gallery.importFrom(await sealedFile(mixed), passphrase, { looker: null })).toMatchObject({
      reason: 'damaged',
    })
    enrolled(gallery, 'Ida', [photographOf(9)])
    expect(await gallery.importFrom(await sealedFile(short), passphrase, { looker: null })).toMatchObject({
      reason: 'damaged',
    })
    expect(gallery.people().map(({ name }) => name)).toEqual(['Ida'])
  })

  test('never throws, whatever its bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decodeRecords(Buffer.from(bytes))).toBeNull()
        expect(decoded([...bytes])).toBeNull()
      }),
      { numRuns: 500 },
    )
    const right = Buffer.concat([
      encodeRecord({ kind: 'person', person: decoded(withPerson({}))!.people[0]! }),
      framed(rest),
    ])
    fc.assert(
      fc.property(fc.nat(right.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(right)
        changed[at]! ^= change
        decodeRecords(changed)
      }),
      { numRuns: 1000 },
    )
  })

  test('sets aside no memory for lengths it only claims, and follows no depth', () => {
    const claims = [
      [0xdd, 0xff, 0xff, 0xff, 0xff], // an array of 4 billion
      [0xdf, 0xff, 0xff, 0xff, 0xff], // a map of 4 billion
      [0xc6, 0xff, 0xff, 0xff, 0xff], // 4 GB of bytes
      Array<number>(100_000).fill(0x91), // arrays in arrays
    ]
    for (const claim of claims) {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(claim.length)
      expect(decodeRecords(Buffer.concat([length, Buffer.from(claim)]))).toBeNull()
    }
  })
})
