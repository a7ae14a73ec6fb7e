import { expect, test } from 'vitest'
import { createEngine } from '../../src-main/engine.ts'
import { cropHash, cropToPng } from '../../src-main/vision/kept-crop.ts'
import { cropOf, unitVectorOf } from '../gallery/made-up.ts'
import { colourFile, drawnCrop, drawnNetworks } from './drawn-networks.ts'
import { madeUpParts } from './made-up-faces.ts'

import type { Parts } from '../../src-main/engine/parts.ts'

const passphrase = 'correct horse battery'

test('strangers of an imported file are what their crops show, not what the file says', async () => {
  const vision = drawnNetworks(await colourFile(1))
  const there = await madeUpParts({ vision })
  const cohort = there.gallery.addCohort('Passers-by')
  for (const seed of [1, 2]) {
    const crop = drawnCrop(seed)
    const kept = { crop: await cropToPng(crop), cropHash: cropHash(crop), modelVersion: there.model.version }
    there.gallery.addStranger(cohort, { ...kept, stranger: seed, embedding: unitVectorOf(seed, 128) }) // forged
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
  const seen = here.gallery.strangerEmbeddings(here.model.version, null)
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
    expect(notes).toEqual(
      isForged ? [expect.stringMatching(/said of 2 photographs was not what the crops/)] : [],
    )
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
