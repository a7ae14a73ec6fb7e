import { readFile } from 'node:fs/promises'
import * as tf from '@tensorflow/tfjs'
import { InferenceSession } from 'onnxruntime-node'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createEngine } from '../../src-main/engine.ts'
import { jpegOfStored } from '../../src-main/engine/jpeg.ts'
import { lookAt } from '../../src-main/engine/look-at.ts'
import { networkVersionOf, versionOf } from '../../src-main/gallery/versions.ts'
import type { ExportedModel } from '../../src-main/gallery/export-records.ts'
import { ProtobufWriter } from '../../src-main/onnx/tracing/protobuf.ts'
import { applyHead, identityHead, type Head } from '../../src-main/training/gallery-run/head/head.ts'
import { lastLayerOf } from '../../src-main/training/gallery-run/network/network-file.ts'
import { cropHash, cropToPng } from '../../src-main/vision/kept-crop.ts'
import { cropOf, unitVectorOf, madeVersion } from '../gallery/made-up.ts'
import { colourFile, drawnCrop, drawnNetworks, recognitionFile } from './drawn-networks.ts'
import { madeUpCard, madeUpParts } from './made-up-faces.ts'

import type { Parts } from '../../src-main/engine/parts.ts'

const passphrase = 'correct horse battery'

/** Drawn once for the file. */
let drawn: Promise<Uint8Array> | null = null
const recognition = () => (drawn ??= recognitionFile(2))

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

test('a restored person is looked at with the models that come in the same file', async () => {
  const vision = drawnNetworks(await colourFile(1))
  const honest = async (seed: number) => (await vision).embed(drawnCrop(seed))
  const there = await madeUpParts({ vision })
  await withAda(there, honest)
  const base = there.model.version
  const head = identityHead(128).map((value, i) => value + 0.01 * Math.sin(i))
  const added = there.gallery.models.add(madeVersion({ base, parent: base, card: madeUpCard, head }))
  const { version } = added as { version: string }
  const forged = (await honest(99)).embedding
  there.gallery.models.promote(
    version,
    (wanted, seen) => ({ ...seen[0]!, modelVersion: wanted ?? base, embedding: forged }),
    { evenIfRejected: false },
  )
  const exported = await there.gallery.exportTo(passphrase)
  if (exported.kind === 'refused') throw new Error(exported.message)
  const here = await madeUpParts({ vision })
  const looker = lookAt(here)
  expect(await here.gallery.importFrom(exported.bytes, passphrase, { looker })).toMatchObject({ people: 1 })
  const [one, two, withoutCrop] = here.gallery.embeddings(version).map(({ embedding }) => embedding)
  expect(one).toEqual(applyHead((await honest(1)).embedding, head))
  expect(two).toEqual(applyHead((await honest(2)).embedding, head))
  expect(withoutCrop).toEqual(forged) // nothing to look at: it is said
})

test('what a network of the file was opened for is closed', async () => {
  const vision = drawnNetworks(await colourFile(1))
  const here = await madeUpParts({ vision })
  await vision
  const create = vi.spyOn(InferenceSession, 'create')
  onTestFinished(() => create.mockRestore())
  const looker = lookAt(here)
  const description = { base: here.model.version } as ExportedModel['description']
  looker.know([{ version: 'theirs', description, head: null, network: await colourFile(2) }])
  create.mockClear()
  const png = await cropToPng(drawnCrop(1))
  const [one, two] = [await looker.look(png, 'theirs'), await looker.look(png, 'theirs')]
  expect(one!.embedding).not.toEqual((await (await vision).embed(drawnCrop(1))).embedding)
  expect(two).toEqual(one)
  expect(create).toHaveBeenCalledOnce()
  const release = vi.spyOn((await create.mock.results[0]!.value) as InferenceSession, 'release')
  await looker.close()
  expect(release).toHaveBeenCalledOnce()
})

test('no picture is shown that no model could look at', async () => {
  const { width, rgb } = drawnCrop(1)
  const cut = { width, height: 255, rgb: rgb.subarray(0, width * 255 * 3) }
  expect(await jpegOfStored(await cropToPng(cut))).toMatchObject({ reason: 'crop-unreadable' })
})

/** Ada in a gallery with a setting, a retrained network of any bytes, and a head over it that is in use. */
async function withNetwork(network: Uint8Array, head: Head | null = null) {
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
  const { version } = added
  if (head) {
    const over = there.gallery.models.add(
      madeVersion({ base: version, parent: version, card: madeUpCard, head }),
    )
    if (over.kind === 'refused') throw new Error(over.message)
    there.gallery.models.promote(over.version, () => null, {
      evenIfRejected: false,
      evenIfJudgedAgainstAnother: true,
    })
  }
  there.gallery.setSettings({ wantedFmr: 1e-3 })
  const networks = await vision
  const bytes = await withAda(there, async (seed) => networks.embed(drawnCrop(seed)))
  return { bytes, vision, version }
}

test('a restore that cannot be done leaves the gallery empty, and is exact when it is repeated', async () => {
  const { bytes, vision, version } = await withNetwork(await recognition())
  const gone = Promise.reject<never>(new Error('the model "face-recognition" is missing'))
  gone.catch(() => {})
  const here = await madeUpParts({ vision: gone })
  const { gallery } = here
  const looker = lookAt(here)
  const close = vi.spyOn(looker, 'close')
  await expect(gallery.importFrom(bytes, passphrase, { looker })).rejects.toThrow('is missing')
  expect(close).toHaveBeenCalledOnce()
  expect([gallery.settings(), gallery.models.versions(), gallery.counts().people]).toEqual([{}, [], 0])
  const again = await gallery.importFrom(bytes, passphrase, { looker: lookAt({ ...here, vision }) })
  expect(again).toMatchObject({ people: 1, models: 1 })
  expect(gallery.settings()).toEqual({ wantedFmr: 1e-3 })
  expect(gallery.models.versions().map((each) => each.version)).toEqual([version])
})

test.each<[string, () => Promise<Uint8Array>]>([
  ['is noise', () => Promise.resolve(cropOf(7))],
  ['is another network', () => readFile('models/face-landmark-68.onnx')],
  ['gives embeddings, and is no recognition network', () => colourFile(2)],
  ['has fewer numbers than it says', async () => shortened(await recognition())],
  ['has numbers that are none', async () => withLast(await recognition(), NaN)],
  ['has numbers of which all are zero', async () => withLast(await recognition(), 0)],
  ['has numbers that make no embedding', async () => withLast(await recognition(), 3e38)],
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

/** With all numbers of the last layer but a few. */
function shortened(file: Uint8Array): Uint8Array {
  const { model, blob } = lastLayerIn(file)
  // Field 9 of the tensor, its length in three bytes: the numbers that follow become one of a field that nobody reads.
  const length = blob - 3
  const short = Buffer.from(model)
  expect(short.readUIntLE(length, 3)).toBe(0x08_80_80) // 131,072
  short.writeUIntLE(0x04_80_80, length, 3) // 65,536
  short.set([0x7a, 0xfc, 0xff, 0x03], blob + 65_536) // field 15 of 65,532 bytes
  return short
}

/** With one number of the last layer in place of all. */
function withLast(file: Uint8Array, number: number): Uint8Array {
  const { model, blob, numbers } = lastLayerIn(file)
  model.set(new Uint8Array(new Float32Array(numbers).fill(number).buffer), blob)
  return model
}

function lastLayerIn(file: Uint8Array) {
  const layer = lastLayerOf(file)
  const model = Buffer.from(file)
  return {
    model,
    blob: model.indexOf(Buffer.from(layer.buffer, layer.byteOffset, layer.byteLength)),
    numbers: layer.length,
  }
}

test('of a network only the numbers are taken: what else its file would run is not there, and its name is that of what is', async () => {
  const ours = await recognition()
  const theirs = Buffer.concat([ours, endlessLoop()])
  const head = identityHead(128).map((value, i) => value + 0.01 * Math.sin(i))
  const { bytes, vision, version } = await withNetwork(theirs, head)
  const here = await madeUpParts({ vision })
  const engine = createEngine(here)
  // TensorFlow.js would take ten seconds to compute the network, for a comparison that nobody asks for here.
  await tf.setBackend('cpu')
  const computed = vi.spyOn(tf.getKernel('Conv2D', 'cpu'), 'kernelFunc')
  const imported = await engine.call('gallery.import', { passphrase, bytes })
  expect(computed.mock.calls.length).toBe(0)
  computed.mockRestore()
  const { gallery } = here
  const network = networkVersionOf(here.model.version, ours)
  expect(network).not.toBe(version)
  expect(imported).toMatchObject({ kind: 'imported', people: 1, models: 2 })
  expect((imported as { notes: string[] }).notes).toContain(
    `The retrained model ${version} comes from another release: it was built anew of its numbers, and is ${network} here.`,
  )
  const chained = versionOf(network, head)
  expect(gallery.models.versions().map((each) => [each.version, each.base, each.parent])).toEqual([
    [network, here.model.version, here.model.version],
    [chained, network, network],
  ])
  expect(Buffer.compare(gallery.models.network(network)!, ours)).toBe(0)
  expect(gallery.models.inUse()).toMatchObject({ inUse: chained, replaced: [null] })
  engine.close()
})

/** Appended to an ONNX file: a further output that is never done, because the same message twice is both of them. */
function endlessLoop(): Uint8Array {
  const bool = (of: ProtobufWriter, name: string, type = 9) => {
    of.text(1, name)
    of.message(2, (inner) =>
      inner.message(1, (tensor) => {
        tensor.integer(1, type)
        tensor.message(2, () => {})
      }),
    )
  }
  const node = (of: ProtobufWriter, operator: string, inputs: string[], outputs: string[]) => {
    for (const name of inputs) of.text(1, name)
    for (const name of outputs) of.text(2, name)
    of.text(4, operator)
  }
  const writer = new ProtobufWriter()
  writer.message(7, (graph) => {
    graph.message(1, (loop) => {
      node(loop, 'Loop', ['', 'always', 'always'], ['never'])
      loop.message(5, (attribute) => {
        attribute.text(1, 'body')
        attribute.message(6, (body) => {
          body.message(1, (inner) => node(inner, 'Identity', ['goes_on'], ['goes_on_then']))
          body.message(1, (inner) => node(inner, 'Identity', ['carried'], ['carried_on']))
          body.text(2, 'body')
          body.message(11, (value) => bool(value, 'turn', 7))
          body.message(11, (value) => bool(value, 'goes_on'))
          body.message(11, (value) => bool(value, 'carried'))
          body.message(12, (value) => bool(value, 'goes_on_then'))
          body.message(12, (value) => bool(value, 'carried_on'))
        })
        attribute.integer(20, 5) // a graph
      })
    })
    graph.message(5, (tensor) => {
      tensor.integer(2, 9)
      tensor.text(8, 'always')
      tensor.blob(9, Uint8Array.of(1))
    })
    graph.message(12, (value) => bool(value, 'never'))
  })
  return writer.finish()
}
