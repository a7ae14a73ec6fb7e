import { expect, test } from 'vitest'
import { createEngine } from '../../src-main/engine.ts'
import { promoteModel, rollBackModel } from '../../src-main/engine/model-change.ts'
import { modelEvents } from '../../src-main/engine/retraining/model-events.ts'
import { underModel, upToDate } from '../../src-main/engine/model-in-use.ts'
import type { Parts } from '../../src-main/engine/parts.ts'
import { compare } from '../../src-main/engine/verification.ts'
import type { NewModelVersion } from '../../src-main/gallery/versions.ts'
import { applyHead, identityHead } from '../../src-main/training/gallery-run/head/head.ts'
import { cropHash, cropToPng } from '../../src-main/vision/kept-crop.ts'
import { colourFile, drawnCrop, drawnNetworks } from './drawn-networks.ts'
import { cropOf, madeVersion } from '../gallery/made-up.ts'
import { frameOf, madeUpCard, madeUpParts } from './made-up-faces.ts'

const files = { pretrained: colourFile(1), better: colourFile(2) }

async function openParts(changed: Partial<Parts> = {}): Promise<Parts> {
  return madeUpParts({ vision: drawnNetworks(await files.pretrained), ...changed })
}

async function photograph(parts: Parts, seed: number, keepCrop = true) {
  const crop = drawnCrop(seed)
  return {
    crop: keepCrop ? await cropToPng(crop) : null,
    cropHash: cropHash(crop),
    capturedAt: seed,
    source: 'file' as const,
    view: null,
    quality: [],
    modelVersion: parts.model.version,
    ...(await (await parts.vision).embed(crop)),
  }
}

async function enrolled(parts: Parts, name: string, seeds: number[], keepCrop = true): Promise<number> {
  const photographs = await Promise.all(seeds.map((seed) => photograph(parts, seed, keepCrop)))
  const outcome = parts.gallery.enrol({ name, consentAt: 1, skippedViews: [] }, photographs)
  if (outcome.kind === 'refused') throw new Error(outcome.message)
  return outcome.person
}

function added(
  { gallery }: Parts,
  made: Pick<NewModelVersion, 'head' | 'network'>,
  base = '1',
  parent = base,
): string {
  const outcome = gallery.models.add(
    madeVersion({
      base,
      parent,
      card: madeUpCard,
      ...made,
    }),
  )
  if (outcome.kind === 'refused') throw new Error(outcome.message)
  return outcome.version
}

const asIs = { evenIfRejected: false }

test('a promoted network reads every kept crop, strangers’ too, and a rollback gives every decision of before', async () => {
  const parts = await openParts()
  const { gallery } = parts
  const ada = await enrolled(parts, 'Ada', [1, 2, 3])
  await enrolled(parts, 'Ben', [4, 5])
  const cohort = gallery.cohorts.add('Strangers')
  const { crop, ...stranger } = await photograph(parts, 9)
  gallery.cohorts.addStranger(cohort, { ...stranger, stranger: 1, crop: crop! })
  const decided = async (now: Parts) => {
    const [face] = await (await now.vision).faces(pictureOf(1, 7))
    const found = now.gallery.template(ada, now.model.version)
    return found.kind === 'template' ? compare(now, found.template, [face!]) : null
  }
  const before = [await decided(parts), gallery.templates('1'), gallery.cohorts.strangerEmbeddings('1', null)]

  const version = added(parts, { network: await files.better })
  expect(await promoteModel(parts, version, asIs)).toMatchObject({ photographs: 5, without: 0 })
  const now = upToDate(parts)
  expect(now.model.version).toBe(version)
  const net = await drawnNetworks(await files.better)
  const seen = gallery.embeddings(version)
  for (const [i, seed] of [1, 2, 3, 4, 5].entries()) {
    const expected = await net.embed(drawnCrop(seed))
    expect(seen[i]!.embedding).toEqual(expected.embedding)
    expect(gallery.features(version)[i]!.features).toEqual(expected.features)
  }
  expect(gallery.cohorts.strangerEmbeddings(version, null)[0]!.embedding).toEqual(
    (await net.embed(drawnCrop(9))).embedding,
  )
  expect(await decided(now)).not.toEqual(before[0])

  expect(await rollBackModel(now)).toMatchObject({ kind: 'rolled-back', to: null })
  const back = upToDate(now)
  expect(back.model).toEqual(parts.model)
  expect([
    await decided(back),
    gallery.templates('1'),
    gallery.cohorts.strangerEmbeddings('1', null),
  ]).toEqual(before)
})

test('who was enrolled under a network is read by the old one from the kept crop, and by a head’s network from features', async () => {
  const parts = await openParts()
  const { gallery } = parts
  await enrolled(parts, 'Ada', [1, 2])
  const network = added(parts, { network: await files.better })
  await promoteModel(parts, network, asIs)
  const under = upToDate(parts)
  const turned = identityHead(128).map((value, i) => (i % 129 === 0 && i < 129 * 40 ? -value : value))
  const head = added(parts, { head: turned }, network)
  await promoteModel(under, head, asIs)
  const over = upToDate(under)
  expect(over.model.version).toBe(head)
  const plain = await (await under.vision).embed(drawnCrop(1))
  expect(gallery.embeddings(head)[0]!.embedding).toEqual(applyHead(plain.embedding, turned))

  const ben = await enrolled(over, 'Ben', [6])
  const cy = await enrolled(over, 'Cy', [7], false) // no crop kept
  expect(await rollBackModel(over)).toMatchObject({ to: network })
  const again = await (await under.vision).embed(drawnCrop(7))
  gallery
    .embeddings(network, cy)[0]!
    .embedding.forEach((value, i) => expect(value).toBeCloseTo(again.embedding[i]!, 5))
  expect(await rollBackModel(upToDate(over))).toMatchObject({ to: null, lost: 1 }) // Cy
  const [event, before] = modelEvents(upToDate(over))
  expect(event!.sentence).toMatch(/to pre-trained\. One person enrolled meanwhile cannot be verified by it/)
  expect(before!.sentence).toMatch(/\.$/)
  expect(before!.sentence).not.toContain('cannot be verified')
  const old = await (await parts.vision).embed(drawnCrop(6))
  expect(gallery.embeddings('1', ben)[0]!.embedding).toEqual(old.embedding)
  expect(gallery.template(cy, '1').kind).toBe('other-version') // nothing that the old net could look at
})

test('a network is not put in use where somebody has no crop it could look at', async () => {
  const parts = await openParts()
  await enrolled(parts, 'Ada', [1, 2])
  await enrolled(parts, 'Ben', [3], false)
  const version = added(parts, { network: await files.better })
  expect(await promoteModel(parts, version, asIs)).toMatchObject({ kind: 'refused', reason: 'no-crops' })
  expect(parts.gallery.models.inUse().inUse).toBe(null)
})

test('nor where the only crop of somebody cannot be read', async () => {
  const parts = await openParts()
  await enrolled(parts, 'Ada', [1, 2])
  const { crop: _crop, ...unreadable } = await photograph(parts, 3)
  parts.gallery.enrol({ name: 'Ben', consentAt: 1, skippedViews: [] }, [{ ...unreadable, crop: cropOf(3) }])
  const version = added(parts, { network: await files.better })
  expect(await promoteModel(parts, version, asIs)).toMatchObject({ kind: 'refused', reason: 'no-crops' })
  expect(parts.gallery.models.inUse().inUse).toBe(null)
  expect(parts.gallery.embeddings(version)).toEqual([])
})

test('a photograph that comes while crops are read is read too, and cancelling changes nothing', async () => {
  const parts = await openParts()
  await enrolled(parts, 'Ada', [1, 2])
  const version = added(parts, { network: await files.better })
  const stop = new AbortController()
  const cancelled = promoteModel(parts, version, asIs, {
    signal: stop.signal,
    progress: () => stop.abort(),
  })
  expect(await cancelled).toMatchObject({ kind: 'refused', reason: 'cancelled' })
  expect(parts.gallery.models.inUse().inUse).toBe(null)

  const ben = await photograph(parts, 4)
  let isEnrolled = false
  const promoted = await promoteModel(parts, version, asIs, {
    signal: new AbortController().signal,
    progress() {
      if (!isEnrolled)
        parts.gallery.enrol({ name: 'Ben', consentAt: 1, skippedViews: [] }, [
          { ...ben, crop: ben.crop && Uint8Array.from(ben.crop) },
        ])
      isEnrolled = true
    },
  })
  expect(promoted).toMatchObject({ photographs: 3, without: 0 })
  expect(parts.gallery.stale(version)).toEqual([])
})

test('two who go back at once go back once, and nothing that one network made is kept as another’s', async () => {
  const parts = await openParts()
  await enrolled(parts, 'Ada', [1, 2])
  const first = added(parts, { network: await files.better })
  await promoteModel(parts, first, asIs)
  const second = added(parts, { network: await colourFile(3) }, '1', first)
  await promoteModel(upToDate(parts), second, asIs)
  const under = upToDate(parts)
  const ben = await enrolled(under, 'Ben', [4])
  const twice = rollBackModel(under, {
    signal: new AbortController().signal,
    progress: () => void under.gallery.models.rollBack(() => null), // on the command line
  })
  expect(await twice).toMatchObject({ kind: 'refused', reason: 'changed-meanwhile' })
  expect(under.gallery.models.inUse().inUse).toBe(first)
  expect(under.gallery.embeddings('1', ben)).toEqual([])
})

test('no photograph is looked at for a candidate that was judged against another model', async () => {
  const parts = await openParts()
  await enrolled(parts, 'Ada', [1, 2])
  const first = added(parts, { network: await files.better })
  await promoteModel(parts, first, asIs)
  const second = added(parts, { network: await colourFile(3) })
  let looked = 0
  const job = { signal: new AbortController().signal, progress: () => void looked++ }
  expect(await promoteModel(upToDate(parts), second, asIs, job)).toMatchObject({
    reason: 'judged-against-another',
  })
  expect([looked, parts.gallery.models.inUse().inUse]).toEqual([0, first])
  const forced = { evenIfRejected: false, evenIfJudgedAgainstAnother: true }
  expect(await promoteModel(upToDate(parts), second, forced, job)).toMatchObject({ kind: 'promoted' })
  expect(modelEvents(parts)[0]!.sentence).toBe(
    `retrained 2 (${second}) was put in use EVEN THOUGH ITS REPORT COMPARES IT WITH pre-trained, in place of retrained 1 (${first}).`,
  )
})

test('a candidate of another release’s network is refused', async () => {
  const parts = await openParts()
  const version = added(parts, { head: identityHead(128) }, 'another')
  expect(underModel(parts, version)).toBe(null)
  expect(await promoteModel(parts, version, asIs)).toMatchObject({ reason: 'other-network' })
})

test('an open engine goes on with the model in use, and saves a draft of before as the new one sees it', async () => {
  const parts = await openParts()
  await enrolled(parts, 'Ada', [1, 2])
  const engine = createEngine(parts)
  const shown: string[] = []
  engine.on('status-changed', ({ model }) => shown.push(model.version))
  const begun = await engine.call('enrol.begin', { name: 'Ben', consent: true })
  if (begun.kind !== 'draft') throw new Error(begun.message)
  const frame = frameOf({ person: 1, photograph: 9 })
  await engine.call('enrol.frame', { draft: begun.draft, view: 'front', frame })

  const version = added(parts, { network: await files.better })
  await promoteModel(parts, version, asIs)
  expect((await engine.call('status', {})).model.version).toBe(version)
  expect(shown).toContain(version)

  const saved = await engine.call('enrol.save', { draft: begun.draft })
  if (saved.kind !== 'saved') throw new Error(saved.message)
  const [kept] = parts.gallery.embeddings(version, saved.person)
  const net = await drawnNetworks(await files.better)
  expect(kept!.embedding).toEqual((await net.embed(drawnCrop(1 * 256 + 9))).embedding)
  expect(parts.gallery.embeddings('1', saved.person)).toEqual([])
  const verdict = await engine.call('verify', { person: saved.person, frames: [frame] })
  expect(verdict.kind).toBe('match')
  expect(parts.gallery.attempts.newest({ limit: 1 })[0]).toMatchObject({ modelVersion: version })
  engine.close()
})

test('an engine whose network in use is not the one its version names says so, and stays', async () => {
  const parts = await openParts()
  const ada = await enrolled(parts, 'Ada', [1, 2])
  const version = added(parts, { network: await files.better })
  await promoteModel(parts, version, asIs)
  await enrolled(parts, 'Ben', [4]) // under the old model: there is something left to read
  parts.gallery.models.network = () => {
    throw new Error('The network of model 1 is not the one its version names: it is not used.')
  }
  const engine = createEngine(parts)
  const frame = frameOf({ person: 1, photograph: 9 })
  await expect(engine.call('verify', { person: ada, frames: [frame] })).rejects.toThrow('it is not used')
  await new Promise((resolve) => setTimeout(resolve, 50)) // a rejection that nobody hears would end the process
  expect((await engine.call('status', {})).model.version).toBe(version)
  engine.close()
})

const pictureOf = (person: number, photograph: number) => {
  const { width, height, rgba } = frameOf({ person, photograph })
  const rgb = new Uint8Array(width * height * 3)
  for (let i = 0; i < width * height; i++) rgb.set(rgba.subarray(4 * i, 4 * i + 3), 3 * i)
  return { width, height, rgb }
}
