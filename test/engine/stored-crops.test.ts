import { expect, test } from 'vitest'
import { createEngine } from '../../src-main/engine.ts'
import { jpegOfStored } from '../../src-main/engine/jpeg.ts'
import { tuningCalls } from '../../src-main/engine/tuning/calls.ts'
import { cropToPng } from '../../src-main/vision/kept-crop.ts'
import { photographOf, someone } from '../gallery/made-up.ts'
import { madeUpParts } from './made-up-faces.ts'

test('a stored crop that cannot be read is refused by its name, wherever it is asked for', async () => {
  const parts = await madeUpParts()
  const engine = createEngine(parts, tuningCalls)
  const { gallery } = parts
  gallery.enrol(someone('Ada'), [photographOf(1)]) // begins as a PNG does, and is noise
  const { crop, cropHash, embedding } = photographOf(2)
  gallery.cohorts.addStranger(gallery.cohorts.add('Passers-by'), {
    stranger: 1,
    crop: crop!,
    cropHash,
    modelVersion: '1',
    embedding,
  })
  expect(await engine.call('photograph', { photograph: 1 })).toMatchObject({ reason: 'crop-unreadable' })
  expect(await engine.call('cohort.photograph', { photograph: 1 })).toMatchObject({
    reason: 'crop-unreadable',
  })
  engine.close()
  gallery.close()
})

test('one that can be read is shown', async () => {
  const png = await cropToPng({ width: 256, height: 256, rgb: new Uint8Array(256 * 256 * 3).fill(99) })
  const shown = await jpegOfStored(png)
  expect(shown.kind === 'jpeg' && shown.jpeg.slice(0, 2)).toEqual(Uint8Array.of(0xff, 0xd8))
})
