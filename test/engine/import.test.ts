import { expect, test } from 'vitest'
import { createEngine } from '../../src-main/engine.ts'
import { cropHash, cropToPng } from '../../src-main/vision/kept-crop.ts'
import { unitVectorOf } from '../gallery/made-up.ts'
import { colourFile, drawnCrop, drawnNetworks } from './drawn-networks.ts'
import { madeUpParts } from './made-up-faces.ts'

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
