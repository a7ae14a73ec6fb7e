import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import type { ThresholdChoice } from '../../src-main/contract.ts'
import type { Gallery } from '../../src-main/gallery/gallery.ts'
import { Seal } from '../../src-main/gallery/seal.ts'
import type { NewModelVersion } from '../../src-main/gallery/versions.ts'
import type { Embed } from '../../src-main/gallery/versions-in-use.ts'
import { enrolled, galleryBytes, newHome, openGallery, photographOf, unitVectorOf } from './fixture.ts'

const base = 'model-1'

function candidate(changes: Partial<NewModelVersion> = {}): NewModelVersion {
  return {
    base,
    parent: base,
    recipe: { loss: 'triplet', seed: 1 },
    processor: 'cpu',
    seconds: 2.5,
    trainedOn: { people: [1, 2], photographs: 5, others: 'virtual strangers', hash: 'abc' },
    verdict: 'promote',
    report: { sentence: 'Better.' },
    card: { forms: [] },
    head: Float32Array.from({ length: 16 }, (_, i) => i / 7),
    ...changes,
  }
}

/** A model that turns an embedding's first number round; the pre-trained one is recovered by doing it again. */
const turn: Embed = (version, seen) => {
  const known = seen.find(({ modelVersion }) => modelVersion === (version ?? base))
  if (known) return known
  const from = seen.find(({ modelVersion }) => (version === null) !== (modelVersion === base))!
  const embedding = Float32Array.from(from.embedding, (value, i) => (i === 0 ? -value : value))
  return { modelVersion: version ?? base, features: from.features, embedding }
}

async function galleryOfTwo() {
  const home = newHome()
  const gallery = await openGallery(home)
  const ada = enrolled(gallery, 'Ada', [photographOf(1), photographOf(2)])
  const ben = enrolled(gallery, 'Ben', [photographOf(3)])
  const cohort = gallery.cohorts.add('Strangers')
  const { crop, cropHash, embedding } = photographOf(9)
  gallery.cohorts.addStranger(cohort, { stranger: 1, crop: crop!, cropHash, modelVersion: base, embedding })
  return { home, gallery, ada, ben, cohort }
}

function added(gallery: Gallery, changes: Partial<NewModelVersion> = {}): string {
  const outcome = gallery.models.add(candidate(changes))
  if (outcome.kind === 'refused') throw new Error(outcome.message)
  return outcome.version
}

function choice(threshold: number, version: string): ThresholdChoice {
  return {
    form: { form: 'photograph-template', templatePhotographs: 5, burstPhotographs: 1 },
    threshold,
    model: { name: 'face-recognition', version },
  } as ThresholdChoice
}

/** Everything that decides about somebody under one model. */
const decidedBy = (gallery: Gallery, version: string) => ({
  templates: gallery.templates(version),
  embeddings: gallery.embeddings(version),
  features: gallery.features(version),
  strangers: gallery.cohorts.strangerEmbeddings(version, null),
  choices: gallery.choices.all(),
})

const asIs = { evenIfRejected: false }

test('a candidate is kept with all that was said about it, sealed, and is not in use', async () => {
  const { home, gallery } = await galleryOfTwo()
  const head = candidate().head
  const version = added(gallery)
  expect(version).toMatch(/^model-1-[0-9a-f]{12}$/)
  const { head: _head, ...described } = candidate()
  expect(gallery.models.versions()).toMatchObject([{ ...described, version, name: 'retrained 1' }])
  expect(gallery.models.head(version)).toEqual(head)
  expect(gallery.models.inUse()).toEqual({ inUse: null, replaced: [] })
  expect(galleryBytes(home).includes(Buffer.from(head!.buffer))).toBe(false)
  expect(galleryBytes(home).includes('virtual strangers')).toBe(false)
  expect(gallery.models.add(candidate())).toMatchObject({ kind: 'refused', reason: 'same-model' })
})

test('promotion embeds everybody and every stranger, and keeps what the old model made', async () => {
  const { gallery, ada } = await galleryOfTwo()
  const before = decidedBy(gallery, base)
  const version = added(gallery)
  expect(gallery.models.promote(version, turn, asIs)).toEqual({
    kind: 'promoted',
    version,
    photographs: 3,
    without: 0,
    evenThoughRejected: false,
    evenThoughJudgedAgainst: null,
  })
  expect(gallery.models.inUse()).toEqual({ inUse: version, replaced: [null] })
  expect(gallery.stale(version)).toEqual([])
  expect(gallery.cohorts.staleStrangers(version)).toEqual([])
  const [first] = gallery.embeddings(version, ada)
  expect(first!.embedding[0]).toBe(-unitVectorOf(1, 128)[0]!)
  expect(gallery.features(version, ada)[0]!.features).toEqual(photographOf(1).features)
  expect(gallery.template(ada, version)).toMatchObject({ kind: 'template', template: { photographs: 2 } })
  expect(decidedBy(gallery, base)).toEqual(before)
  expect(gallery.models.promote(version, turn, asIs)).toMatchObject({ kind: 'refused', reason: 'in-use' })
  expect(gallery.models.promote('none', turn, asIs)).toMatchObject({
    kind: 'refused',
    reason: 'no-such-model',
  })
})

describe('rolling back', () => {
  test('gives every number of before, thresholds that were chosen among them', async () => {
    const { gallery } = await galleryOfTwo()
    gallery.choices.set(choice(0.51, base))
    const before = decidedBy(gallery, base)
    const version = added(gallery)
    gallery.models.promote(version, turn, asIs)
    gallery.choices.set(choice(0.77, version)) // in place of the old one
    expect(gallery.models.rollBack(turn)).toEqual({ kind: 'rolled-back', from: version, to: null, lost: 0 })
    expect(decidedBy(gallery, base)).toEqual(before)
    expect(gallery.models.inUse()).toEqual({ inUse: null, replaced: [] })
    expect(gallery.models.rollBack(turn)).toMatchObject({ kind: 'refused', reason: 'no-way-back' })

    gallery.models.promote(version, turn, asIs)
    expect(gallery.choices.all()).toEqual([choice(0.77, version)])
  })

  test('embeds who was enrolled meanwhile', async () => {
    const { gallery, ben } = await galleryOfTwo()
    const version = added(gallery)
    gallery.models.promote(version, turn, asIs)
    gallery.addPhotograph(ben, photographOf(4, { modelVersion: version, crop: null }))
    gallery.models.rollBack(turn)
    expect(gallery.stale(base)).toEqual([])
    expect(gallery.template(ben, base)).toMatchObject({ template: { photographs: 2 } })
  })

  test('goes back one promotion at a time', async () => {
    const { gallery } = await galleryOfTwo()
    const first = added(gallery)
    const second = added(gallery, { head: Float32Array.of(1, 2), parent: first })
    gallery.models.promote(first, turn, asIs)
    gallery.models.promote(second, turn, asIs)
    expect(gallery.models.rollBack(turn)).toMatchObject({ to: first })
    expect(gallery.models.rollBack(turn)).toMatchObject({ to: null })
    expect(gallery.models.events().map(({ kind }) => kind)).toEqual([
      'rolled-back',
      'rolled-back',
      'promoted',
      'promoted',
    ])
  })
})

test('a rejected candidate is refused, and where it is forced the log says so', async () => {
  const { gallery } = await galleryOfTwo()
  const version = added(gallery, { verdict: 'reject' })
  expect(gallery.models.promote(version, turn, asIs)).toMatchObject({ kind: 'refused', reason: 'rejected' })
  expect(gallery.models.inUse().inUse).toBe(null)
  expect(gallery.models.events()).toEqual([])
  expect(gallery.models.promote(version, turn, { evenIfRejected: true })).toMatchObject({
    evenThoughRejected: true,
  })
  expect(gallery.models.events()).toMatchObject([{ kind: 'promoted', version, evenThoughRejected: true }])
})

describe('a candidate whose report compares it with another model than the one in use', () => {
  test('is refused with the way out, and where it is forced the log says so', async () => {
    const { gallery } = await galleryOfTwo()
    const first = added(gallery)
    const second = added(gallery, { head: Float32Array.of(1, 2) })
    gallery.models.promote(first, turn, asIs)
    const refused = gallery.models.promote(second, turn, asIs)
    expect(refused).toMatchObject({ kind: 'refused', reason: 'judged-against-another' })
    expect(refused).toEqual(gallery.models.promotionRefusal(second, asIs))
    expect((refused as { message: string }).message).toMatch(
      /against the pre-trained model, and retrained 1 is in use.*Roll back to the pre-trained model first/,
    )
    expect(gallery.models.inUse().inUse).toBe(first)

    gallery.models.rollBack(turn)
    expect(gallery.models.promotionRefusal(second, asIs)).toBe(null)
    gallery.models.promote(first, turn, asIs)
    const forced = { evenIfRejected: false, evenIfJudgedAgainstAnother: true }
    expect(gallery.models.promote(second, turn, forced)).toMatchObject({ evenThoughJudgedAgainst: base })
    expect(gallery.models.events()[0]).toMatchObject({ replaced: first, evenThoughJudgedAgainst: base })
  })

  test('is not helped by the switch for rejected ones, nor a rejected one by this switch', async () => {
    const { gallery } = await galleryOfTwo()
    gallery.models.promote(added(gallery), turn, asIs)
    const second = added(gallery, { head: Float32Array.of(1, 2), verdict: 'reject' })
    const asked = (evenIfRejected: boolean, evenIfJudgedAgainstAnother: boolean) =>
      gallery.models.promotionRefusal(second, { evenIfRejected, evenIfJudgedAgainstAnother })?.reason
    expect(asked(false, true)).toBe('rejected')
    expect(asked(true, false)).toBe('judged-against-another')
    expect(asked(true, true)).toBe(undefined)
  })

  test('is known by whom it was judged against, not by whom it was made of', async () => {
    const { gallery } = await galleryOfTwo()
    const first = added(gallery)
    gallery.models.promote(first, turn, asIs)
    // Imported: made elsewhere from something else, judged here.
    const imported = added(gallery, { head: Float32Array.of(3), parent: base, judgedAgainst: first })
    expect(gallery.models.promotionRefusal(imported, asIs)).toBe(null)
    expect(gallery.models.promote(imported, turn, asIs)).toMatchObject({ evenThoughJudgedAgainst: null })
    // What it was judged against may be gone.
    const child = added(gallery, { head: Float32Array.of(4), judgedAgainst: 'model-1-gone' })
    expect(gallery.models.promotionRefusal(child, asIs)?.message).toContain('against a model that is gone')
  })

  test('which goes over the network of another release than the one in use is judged against its own', async () => {
    const { gallery } = await galleryOfTwo()
    gallery.models.promote(added(gallery, { base: 'model-0', parent: 'model-0' }), turn, asIs)
    expect(gallery.models.promotionRefusal(added(gallery), asIs)).toBe(null)
  })
})

test('a promotion that fails in the middle leaves everything as it was', async () => {
  const { gallery } = await galleryOfTwo()
  const version = added(gallery)
  let asked = 0
  const fails: Embed = (...photograph) => {
    if (++asked === 3) throw new Error('the disk is full')
    return turn(...photograph)
  }
  expect(() => gallery.models.promote(version, fails, asIs)).toThrow('the disk is full')
  expect(gallery.models.inUse().inUse).toBe(null)
  expect(gallery.embeddings(version)).toEqual([])
  expect(gallery.models.events()).toEqual([])
})

describe('a whole network', () => {
  const network = Uint8Array.from({ length: 5000 }, (_, i) => (i * 31) % 251)
  const asNetwork = { head: undefined, network } as unknown as Partial<NewModelVersion>

  test('is kept sealed, named by its hash, and comes back byte for byte', async () => {
    const { home, gallery } = await galleryOfTwo()
    const version = added(gallery, asNetwork)
    const hash = createHash('sha256').update(network).digest('hex')
    expect(version).toBe(`model-1-net-${hash.slice(0, 16)}`)
    expect(Buffer.from(gallery.models.network(version)!).equals(network)).toBe(true)
    expect(gallery.models.head(version)).toBe(null)
    expect(gallery.models.version(version)).toMatchObject({ kind: 'network' })
    expect(galleryBytes(home).includes(Buffer.from(network.subarray(0, 40)))).toBe(false)
    const head = added(gallery, { base: version, head: Float32Array.of(1, 2) })
    expect([gallery.models.networkUnder(head), gallery.models.pretrainedUnder(head)]).toEqual([version, base])
    expect([gallery.models.networkUnder(base), gallery.models.pretrainedUnder(base)]).toEqual([base, base])
    expect(gallery.models.remove(version)).toMatchObject({ reason: 'goes-over' })
    expect(gallery.models.remove(head)).toEqual({ kind: 'removed' })
    expect(gallery.models.remove(version)).toEqual({ kind: 'removed' })
  })

  test('whose bytes are not those of its name is refused', async () => {
    const { home, gallery } = await galleryOfTwo()
    const version = added(gallery, asNetwork)
    const other = version.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
    gallery.close()
    // Sealed with the right key, for the place it stands in: only the hash can tell.
    const { key } = JSON.parse(readFileSync(join(home, 'gallery.key'), 'utf8')) as { key: string }
    const seal = new Seal(new Uint8Array(Buffer.from(key, 'base64')))
    const at = (row: string, column: string) => ({ table: 'model_version', row, column, person: null })
    const database = new DatabaseSync(join(home, 'gallery.sqlite'))
    const row = database.prepare('SELECT description, head, network FROM model_version').get()!
    const moved = (column: 'description' | 'head' | 'network') =>
      seal.seal(seal.open(row[column] as Uint8Array, at(version, column)), at(other, column))
    database
      .prepare('UPDATE model_version SET version = ?, description = ?, head = ?, network = ?')
      .run(other, moved('description'), moved('head'), moved('network'))
    database.close()
    const opened = await openGallery(home)
    expect(() => opened.models.network(other)).toThrow('is not the one its version names')
  })

  test('is not promoted where it would leave somebody without a photograph that it can look at', async () => {
    const { gallery, ben } = await galleryOfTwo()
    gallery.addPhotograph(ben, photographOf(5, { crop: null }))
    const cy = enrolled(gallery, 'Cy', [photographOf(6, { crop: null })])
    const version = added(gallery, asNetwork)
    const looks: Embed = (wanted, seen, { photograph }) =>
      photograph <= 3 ? turn(wanted, seen, { of: 'person', photograph }) : null // those with crops
    expect(gallery.models.promote(version, looks, asIs)).toMatchObject({
      kind: 'refused',
      reason: 'no-crops',
    })
    expect(gallery.models.inUse().inUse).toBe(null)
    expect(gallery.embeddings(version)).toEqual([])
    gallery.forget(cy)
    expect(gallery.models.promote(version, looks, asIs)).toMatchObject({ photographs: 3, without: 1 })
    expect(gallery.template(ben, version)).toMatchObject({ template: { photographs: 1 } })
  })
})

test('who trained a model is remembered with all that descends from it, and after it is deleted', async () => {
  const { home, gallery } = await galleryOfTwo()
  const [a, b, c] = [1, 2, 3].map((digit) => String(digit).repeat(32))
  const first = added(gallery, { strangers: [a!, b!] })
  const second = added(gallery, { head: Float32Array.of(1, 2), parent: first, strangers: [c!] })
  const third = added(gallery, { head: Float32Array.of(3), parent: second })
  expect(gallery.models.strangersThatTrained(first)).toEqual(new Set([a, b]))
  expect(gallery.models.strangersThatTrained(third)).toEqual(new Set([a, b, c]))
  expect(gallery.models.strangersThatTrained(base)).toEqual(new Set())
  gallery.models.remove(first)
  expect(gallery.models.strangersThatTrained(third)).toEqual(new Set([a, b, c]))
  expect(added(gallery)).toBe(first) // from a file that says nothing of them
  expect(gallery.models.strangersThatTrained(first)).toEqual(new Set([a, b]))
  expect(galleryBytes(home).includes(Buffer.from(a!, 'hex'))).toBe(false) // sealed
})

test('of models made before it was kept who trained them, everybody counts who can have been', async () => {
  const { home, gallery, cohort } = await galleryOfTwo()
  const trainedOn = (others: string) => ({ people: [1], photographs: 5, others, hash: 'abc' })
  const first = added(gallery, { trainedOn: trainedOn('90 people of cohorts that may be trained on') })
  const virtual = added(gallery, { head: Float32Array.of(1), trainedOn: trainedOn('virtual strangers') })
  const child = added(gallery, { head: Float32Array.of(2), parent: first })
  const later = String(7).repeat(32)
  const grandchild = added(gallery, { head: Float32Array.of(3), parent: child, strangers: [later] })
  const after = gallery.cohorts.add('Came later')
  const { crop, cropHash, embedding } = photographOf(8)
  gallery.cohorts.addStranger(after, { stranger: 1, crop: crop!, cropHash, modelVersion: base, embedding })
  gallery.close()
  const database = new DatabaseSync(join(home, 'gallery.sqlite'))
  database.exec('UPDATE model_version SET made_at = 20; UPDATE cohort SET imported_at = 10 * id + 10')
  database.exec('UPDATE cohort SET imported_at = 21 WHERE id = 2')
  database.close()

  const opened = await openGallery(home)
  opened.models.recordWhoTrained()
  const crops = opened.cohorts.strangers().filter((each) => each.cohort === cohort)
  const there = crops.map((each) => each.crop!)
  expect(there).toHaveLength(1)
  expect([...opened.models.strangersThatTrained(first)]).toEqual(there)
  expect([...opened.models.strangersThatTrained(child)]).toEqual(there)
  expect(opened.models.strangersThatTrained(grandchild)).toEqual(new Set([...there, later]))
  expect(opened.models.strangersThatTrained(virtual).size).toBe(0)
  // Once: who comes into that cohort afterwards trained nobody.
  const another = photographOf(7)
  const kept = { crop: another.crop!, cropHash: another.cropHash, embedding: another.embedding }
  opened.cohorts.addStranger(cohort, { stranger: 2, modelVersion: base, ...kept })
  opened.models.recordWhoTrained()
  expect([...opened.models.strangersThatTrained(first)]).toEqual(there)
})

test('a run that gives numbers that are here says anew what is known of them, but of what is or was in force', async () => {
  const { gallery } = await galleryOfTwo()
  const [a, b] = [1, 2].map((digit) => String(digit).repeat(32))
  const version = added(gallery, { strangers: [a!], verdict: 'promote' })
  const before = gallery.models.version(version)!
  const { version: _, kind: _kind, name: _name, madeAt: _madeAt, bytes: _bytes, ...described } = before
  const rerun = {
    ...described,
    head: gallery.models.head(version)!,
    strangers: [b!],
    verdict: 'reject' as const,
    report: { sentence: 'Rejected.' },
    trainedOn: { ...described.trainedOn, people: [99] },
  }
  expect(gallery.models.keepCandidate(rerun)).toEqual({ kind: 'judged-anew', version })
  const after = gallery.models.version(version)!
  expect(after).toMatchObject({ name: before.name, verdict: 'reject', report: { sentence: 'Rejected.' } })
  expect(after.trainedOn.people).toEqual([...before.trainedOn.people, 99])
  expect(gallery.models.strangersThatTrained(version)).toEqual(new Set([a, b]))

  gallery.models.promote(version, turn, { evenIfRejected: true })
  expect(gallery.models.keepCandidate({ ...rerun, verdict: 'promote' })).toMatchObject({ reason: 'in-use' })
  const next = added(gallery, { head: Float32Array.of(7), parent: version })
  gallery.models.promote(next, turn, asIs)
  expect(gallery.models.keepCandidate({ ...rerun, verdict: 'promote' })).toMatchObject({ reason: 'way-back' })
  expect(gallery.models.version(version)).toEqual(after)
  expect(gallery.models.keepCandidate({ ...rerun, head: Float32Array.of(8) })).toMatchObject({
    kind: 'added',
  })
})

describe('deleting a model', () => {
  test('takes what it made of photographs with it', async () => {
    const { gallery } = await galleryOfTwo()
    const version = added(gallery)
    gallery.models.promote(version, turn, asIs)
    gallery.models.rollBack(turn)
    expect(gallery.models.remove(version)).toEqual({ kind: 'removed' })
    expect(gallery.models.versions()).toEqual([])
    expect(gallery.embeddings(version)).toEqual([])
    expect(gallery.cohorts.strangerEmbeddings(version, null)).toEqual([])
    expect(gallery.templates(version)).toEqual([])
    expect(gallery.templates(base)).toHaveLength(2)
  })

  test('is refused for the one in use and for the way back', async () => {
    const { gallery } = await galleryOfTwo()
    const first = added(gallery)
    const second = added(gallery, { head: Float32Array.of(1, 2), parent: first })
    gallery.models.promote(first, turn, asIs)
    gallery.models.promote(second, turn, asIs)
    expect(gallery.models.remove(second)).toMatchObject({ reason: 'in-use' })
    expect(gallery.models.remove(first)).toMatchObject({ reason: 'way-back' })
    expect(gallery.models.remove(base)).toMatchObject({ reason: 'no-such-model' })
    expect(gallery.models.versions()).toHaveLength(2)
  })

  test('is refused where a photograph would be lost with it', async () => {
    const { gallery, ben } = await galleryOfTwo()
    const version = added(gallery)
    gallery.addPhotograph(ben, photographOf(4, { modelVersion: version, crop: null }))
    expect(gallery.models.remove(version)).toMatchObject({ reason: 'only-features' })
  })
})
