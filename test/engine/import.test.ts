import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { createEngine } from '../../src-main/engine.ts'
import { jpegOfStored } from '../../src-main/engine/jpeg.ts'
import { lookAt } from '../../src-main/engine/look-at.ts'
import { cropHash, cropToPng } from '../../src-main/vision/kept-crop.ts'
import { cropOf, unitVectorOf, madeVersion } from '../gallery/made-up.ts'
import { colourFile, drawnCrop, drawnNetworks } from './drawn-networks.ts'
import { madeUpCard, madeUpParts } from './made-up-faces.ts'

import type { Parts } from '../../src-main/engine/parts.ts'

const passphrase = 'correct horse battery'

test('strangers of an imported file are what their crops show, not what the file says', async () => {
  const vision = drawnNetworks(await colourFile(1))
  const there = await madeUpParts({ vision })
  const cohort = there.gallery.cohorts.add('Passers-by')
  for (const seed of [1, 2]) {
    const crop = drawnCrop(seed)
    const kept = { crop: await cropToPng(crop), cropHash: cropHash(crop), modelVersion: there.model.version }
    there.gallery.cohorts.addStranger(cohort, { ...kept, stranger: seed, embedding: unitVectorOf(seed, 128) }) // forged
  }
  const exported = await there.gallery.exportTo(passphrase)
  if (exported.kind === 'refused') throw new Error(exported.message)

  const here = await madeUpParts({ vision })
  const engine = createEngine(here)
  const bytes = new Uint8Array(exported.bytes)
  const told: string[] = []
  engine.on('progress', ({ what }) => told.push(what))
  expect(await engine.call('gallery.import', { passphrase, bytes, job: 'import' })).toMatchObject({
    strangers: 2,
  })
  const seen = here.gallery.cohorts.strangerEmbeddings(here.model.version, null)
  expect(seen).toHaveLength(2)
  for (const [i, { embedding }] of seen.entries())
    expect(embedding).toEqual((await (await vision).embed(drawnCrop(i + 1))).embedding)
  expect(told).toContain('Reading the cohort with the new model')
  engine.close()
})

/** Ada with crops of two seeds and numbers of her own; a photograph whose crop was not kept, and one that is no picture. */
async function withAda(
  parts: Parts,
  said: (seed: number) => Promise<{ embedding: Float32Array; features: Float32Array }>,
) {
  const photographs = []
  for (const seed of [1, 2, 3, 4]) {
    const crop = drawnCrop(seed)
    photographs.push({
      crop: seed === 3 ? null : seed === 4 ? cropOf(4) : await cropToPng(crop),
      cropHash: cropHash(crop),
      capturedAt: seed,
      source: 'file' as const,
      view: null,
      quality: [],
      modelVersion: parts.model.version,
      ...(await said(seed)),
    })
  }
  const outcome = parts.gallery.enrol({ name: 'Ada', consentAt: 1, skippedViews: [] }, photographs)
  if (outcome.kind === 'refused') throw new Error(outcome.message)
  const exported = await parts.gallery.exportTo(passphrase)
  if (exported.kind === 'refused') throw new Error(exported.message)
  return new Uint8Array(exported.bytes)
}

test('whose crops an imported person shows is let in as them, whatever the file says; what is true stays to the bit', async () => {
  const vision = drawnNetworks(await colourFile(1))
  const networks = await vision
  const honest = async (seed: number) => networks.embed(drawnCrop(seed))
  // The pictures are Ada's, the numbers Mallory's; or the embedding is true and the features are not.
  const forged = async (seed: number) =>
    seed === 2 ? { ...(await honest(2)), features: (await honest(99)).features } : await honest(90 + seed)
  for (const [said, isForged] of [
    [honest, false],
    [forged, true],
  ] as const) {
    const bytes = await withAda(await madeUpParts({ vision }), said)
    const here = await madeUpParts({ vision })
    const engine = createEngine(here)
    const imported = await engine.call('gallery.import', { passphrase, bytes })
    expect(imported).toMatchObject({ kind: 'imported', people: 1, photographs: 4 })
    const { notes } = imported as { notes: string[] }
    expect(notes).toEqual([
      ...(isForged ? [expect.stringMatching(/said of 2 photographs was not what the crops/)] : []),
      expect.stringMatching(/^2 photographs of 1 person could not be checked: the file has no crop/),
    ])
    const { version } = here.model
    const expected = [await honest(1), await honest(2), await said(3), await said(4)]
    expect(here.gallery.embeddings(version).map(({ embedding }) => embedding)).toEqual(
      expected.map(({ embedding }) => embedding),
    )
    expect(here.gallery.features(version).map(({ features }) => features)).toEqual(
      expected.map(({ features }) => features),
    )
    engine.close()
  }
})

test('what models that are not here made of a crop is left out', async () => {
  const vision = drawnNetworks(await colourFile(1))
  const networks = await vision
  const there = await madeUpParts({ vision, model: { name: 'other', version: 'another' } })
  const bytes = await withAda(there, async (seed) => networks.embed(drawnCrop(90 + seed)))
  const here = await madeUpParts({ vision })
  const engine = createEngine(here)
  expect(await engine.call('gallery.import', { passphrase, bytes })).toMatchObject({ people: 1 })
  // Without a picture there is nothing else.
  expect(here.gallery.embeddings('another').map(({ photograph }) => photograph)).toEqual([3, 4])
  expect(here.gallery.embeddings(here.model.version).map(({ embedding }) => embedding)).toEqual([
    (await networks.embed(drawnCrop(1))).embedding,
    (await networks.embed(drawnCrop(2))).embedding,
  ])
  engine.close()
})

test('no picture is shown that no model could look at', async () => {
  const { width, rgb } = drawnCrop(1)
  const cut = { width, height: 255, rgb: rgb.subarray(0, width * 255 * 3) }
  expect(await jpegOfStored(await cropToPng(cut))).toMatchObject({ reason: 'crop-unreadable' })
})

/** Ada in a gallery with a setting, and a retrained network of any bytes. */
async function withNetwork(network: Uint8Array) {
  const vision = drawnNetworks(await colourFile(1))
  const there = await madeUpParts({ vision })
  const added = there.gallery.models.add(
    madeVersion({
      base: there.model.version,
      parent: there.model.version,
      card: madeUpCard,
      network,
    }),
  )
  if (added.kind === 'refused') throw new Error(added.message)
  there.gallery.setSettings({ wantedFmr: 1e-3 })
  const networks = await vision
  const bytes = await withAda(there, async (seed) => networks.embed(drawnCrop(seed)))
  return { bytes, vision, version: added.version }
}

test('a restore that cannot be done leaves the gallery empty, and is exact when it is repeated', async () => {
  const { bytes, vision, version } = await withNetwork(await colourFile(2))
  const gone = Promise.reject<never>(new Error('the model "face-recognition" is missing'))
  gone.catch(() => {})
  const here = await madeUpParts({ vision: gone })
  const { gallery } = here
  const failing = gallery.importFrom(bytes, passphrase, { looker: lookAt(here) })
  await expect(failing).rejects.toThrow('is missing')
  expect([gallery.settings(), gallery.models.versions(), gallery.counts().people]).toEqual([{}, [], 0])
  const again = await gallery.importFrom(bytes, passphrase, { looker: lookAt({ ...here, vision }) })
  expect(again).toMatchObject({ people: 1, models: 1 })
  expect(gallery.settings()).toEqual({ wantedFmr: 1e-3 })
  expect(gallery.models.versions().map((each) => each.version)).toEqual([version])
})

test.each<[string, () => Promise<Uint8Array>]>([
  ['is noise', () => Promise.resolve(cropOf(7))],
  ['is another network', () => readFile('models/face-landmark-68.onnx')],
])(
  'a file with a retrained network that %s is refused before anything is written',
  async (_what, network) => {
    const { bytes, vision, version } = await withNetwork(await network())
    const here = await madeUpParts({ vision })
    const engine = createEngine(here)
    const refused = await engine.call('gallery.import', { passphrase, bytes })
    expect(refused).toMatchObject({ kind: 'refused', reason: 'network-refused' })
    expect((refused as { message: string }).message).toContain(version)
    const { gallery } = here
    expect([gallery.settings(), gallery.models.versions(), gallery.counts().people]).toEqual([{}, [], 0])
    engine.close()
  },
)
