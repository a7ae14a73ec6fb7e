import { createHash } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { Engine } from '../../../src-main/engine.ts'
import { readModelCard } from '../../../src-main/engine/open-parts.ts'
import type { Parts } from '../../../src-main/engine/parts.ts'
import { principalPlane } from '../../../src-main/engine/retraining/embedding-map.ts'
import { withNote, type Note } from '../../../src-main/engine/retraining/exported-model.ts'
import { networkFile } from '../../../src-main/engine/retraining/export-model.ts'
import { eigenSymmetric } from '../../../src-main/evaluation/symmetric-eigen.ts'
import { unpackComparisons } from '../../../src-main/evaluation/packed-comparisons.ts'
import { random } from '../../../src-main/learning/random.ts'
import { applyHead, identityHead } from '../../../src-main/training/gallery-run/head/head.ts'
import type { NewPhotograph } from '../../../src-main/gallery/records.ts'
import { cropToPng } from '../../../src-main/vision/kept-crop.ts'
import { distance, fuse, unitLength } from '../../../src-main/vision/embedding.ts'
import { cropOf, hashOf, photographOf, someone } from '../../gallery/made-up.ts'
import { copied, drawnGallery, openEngine } from './drawn-gallery.ts'

let engine: Engine
let parts: Parts
let version: string

/** The identity with a little of everything else: moves every embedding. */
const head = identityHead(128).map((value, i) => value + 0.05 * random(3, 'head', i).normal())

const drawn = drawnGallery()

beforeEach(async () => {
  const opened = await openEngine(copied(await drawn))
  engine = opened.engine
  parts = opened.parts
  version = await withHead(parts)
})
afterEach(() => {
  engine.close()
  parts.gallery.close()
})

async function withHead({ gallery }: Parts, numbers = head): Promise<string> {
  const added = gallery.models.add({
    base: '1',
    parent: '1',
    recipe: { depth: 'head', loss: { id: 'triplet', miner: 'all' }, seed: 5 },
    processor: 'made-up processor',
    seconds: 2,
    trainedOn: {
      people: gallery.people().map(({ person }) => person),
      photographs: 48,
      others: 'nobody',
      hash: 'f00',
    },
    verdict: 'promote',
    report: {
      kind: 'promote',
      lines: [],
      failed: null,
      sentence: 'Better.',
      people: [{ person: 1 }],
      threshold: { before: 0.8, after: 0.8 },
      strangers: 'nobody',
      mixed: [{ person: 1, photographs: 2 }],
    },
    card: { ...(await readModelCard()), version: 'candidate' },
    head: numbers,
  })
  if (added.kind === 'refused') throw new Error(added.message)
  return added.version
}

test('people who were forgotten since are counted, because they may still be in its numbers', async () => {
  const [ada] = parts.gallery.people()
  parts.gallery.forget(ada!.person)
  const [, summary] = await engine.call('models.list', {})
  expect(summary!.retrained).toMatchObject({ people: 12, forgottenPeople: 1, miner: 'all', seed: 5 })
})

describe('two models compared', () => {
  test('on the same held-out photographs, by the distances that the engine would decide by', async () => {
    const compared = await engine.call('models.compare', { before: '1', after: version })
    if (compared.kind === 'refused') throw new Error(compared.message)
    expect(compared.before).toMatchObject({ version: '1', inUse: true })
    const [pool] = compared.comparisons
    expect(pool!.inWords).toBe('the other people of this gallery')
    // By hand: everybody's newest photograph against a template of the other five … of six, one is held out.
    const [genuine, impostor] = byHand(parts, '1', (embedding) => embedding)
    const [genuineAfter, impostorAfter] = byHand(parts, '1', (embedding) => applyHead(embedding, head))
    const before = unpackComparisons(pool!.before)
    const after = unpackComparisons(pool!.after)
    expect([before.genuine.total, before.impostor.total]).toEqual([12, 12 * 11])
    expectClose(before.genuine.exact, genuine)
    expectClose(before.impostor.exact, impostor)
    expectClose(after.genuine.exact, genuineAfter)
    expectClose(after.impostor.exact, impostorAfter)
    // Both curves with where the truth may be, a rate inside its band.
    for (const side of ['before', 'after'] as const) {
      const banded = pool!.det[side].filter(({ fmrBand, fnmrBand }) => fmrBand && fnmrBand)
      expect(banded.length).toBeGreaterThan(5)
      for (const { threshold, fmr, fnmr, fmrBand, fnmrBand } of banded) {
        const [own, others] = { before: [genuine, impostor], after: [genuineAfter, impostorAfter] }[side]!
        expect(fmr).toBeCloseTo(others!.filter((each) => each <= threshold + 1e-6).length / others!.length, 6)
        expect(fnmr).toBeCloseTo(own!.filter((each) => each > threshold + 1e-6).length / own!.length, 6)
        expect(fmrBand!.low <= fmr && fmr <= fmrBand!.high).toBe(true)
        expect(fnmrBand!.low <= fnmr && fnmr <= fnmrBand!.high).toBe(true)
        expect(fmrBand!.high - fmrBand!.low).toBeGreaterThan(0)
      }
    }
    for (const { comparisons, meanDistance, person } of compared.people) {
      expect(comparisons).toBe(1)
      expect(genuine.some((each) => Math.abs(each - meanDistance.before) < 1e-6)).toBe(true)
      expect(parts.gallery.person(person)!.name).toBe(
        compared.people.find((one) => one.person === person)!.name,
      )
    }
  })

  test('and against strangers who were imported', async () => {
    const cohort = parts.gallery.cohorts.add('Strangers')
    const source = random(9, 'strangers')
    for (let stranger = 1; stranger <= 4; stranger++) {
      const crop = cropOf(stranger)
      parts.gallery.cohorts.addStranger(cohort, {
        stranger,
        crop,
        cropHash: hashOf(crop),
        modelVersion: '1',
        embedding: unitLength(Float64Array.from({ length: 128 }, source.normal)),
      })
    }
    const compared = await engine.call('models.compare', { before: '1', after: version })
    if (compared.kind === 'refused') throw new Error(compared.message)
    expect(compared.comparisons.map(({ inWords }) => inWords)).toEqual([
      'the other people of this gallery',
      '4 people imported as strangers',
    ])
    expect(unpackComparisons(compared.comparisons[1]!.after).impostor.total).toBe(4 * 12)
  })

  test('of which one is not there are refused', async () => {
    expect(await engine.call('models.compare', { before: '1', after: 'nothing' })).toMatchObject({
      reason: 'no-such-model',
    })
  })
})

test('the map is the same every time, and the same model twice lies on itself', async () => {
  const map = await engine.call('models.map', { before: '1', after: version })
  if (map.kind === 'refused') throw new Error(map.message)
  expect(map.points).toHaveLength(72)
  expect(map.before.explained).toBeGreaterThan(0.1)
  expect(await engine.call('models.map', { before: '1', after: version })).toEqual(map)
  const same = await engine.call('models.map', { before: '1', after: '1' })
  if (same.kind === 'refused') throw new Error(same.message)
  for (const { before, after } of same.points) expect(after).toEqual(before)
})

test('a candidate says which model its verdict compares it with: its parent until it is judged against another', async () => {
  const said = async () => (await engine.call('models.list', {})).find((each) => each.version === version)
  expect((await said())!.retrained).toMatchObject({ parent: '1', judgedAgainst: '1' })
  const { verdict, report, card } = parts.gallery.models.version(version)!
  const other = await withHead(parts, new Float32Array(identityHead(128)))
  parts.gallery.models.judgeAnew(version, { judgedAgainst: other, verdict, report, card })
  expect((await said())!.retrained).toMatchObject({ parent: '1', judgedAgainst: other })
})

test('the plane is that which all eigenvectors give', () => {
  const source = random(4, 'rows')
  const scales = Array.from({ length: 24 }, () => 0.2 + source.uniform())
  const rows = Array.from({ length: 200 }, () =>
    Float32Array.from({ length: 24 }, (_, k) => scales[k]! * source.normal()),
  )
  const mean = Float64Array.from({ length: 24 }, (_, k) => rows.reduce((sum, row) => sum + row[k]! / 200, 0))
  const covariance = Float64Array.from({ length: 24 * 24 }, (_, at) => {
    const [i, k] = [Math.floor(at / 24), at % 24]
    return rows.reduce((sum, row) => sum + (row[i]! - mean[i]!) * (row[k]! - mean[k]!), 0)
  })
  const { values } = eigenSymmetric(covariance, 24)
  const [first, second] = [...values].sort((a, b) => b - a)
  const { points, explained } = principalPlane(rows)
  const squares = (axis: 0 | 1) => points.reduce((sum, point) => sum + point[axis] ** 2, 0)
  expect(squares(0)).toBeCloseTo(first!, 4)
  expect(squares(1)).toBeCloseTo(second!, 4)
  expect(explained).toBeCloseTo((first! + second!) / values.reduce((sum, value) => sum + value, 0), 6)
})

test('the plane is that of the two directions in which rows vary most', () => {
  // 3 · x and 2 · y by turns, and nothing else: what is explained is everything, and distances stay.
  const source = random(2, 'plane')
  const rows = Array.from({ length: 50 }, () => {
    const row = new Float32Array(16)
    row[4] = 3 * source.normal()
    row[9] = source.normal()
    return row
  })
  const { points, explained } = principalPlane(rows)
  expect(explained).toBeCloseTo(1, 6)
  const apart = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    Math.hypot(...Array.from(a, (value, i) => value - b[i]!))
  for (let i = 1; i < 50; i++) expect(apart(points[0]!, points[i]!)).toBeCloseTo(apart(rows[0]!, rows[i]!), 4)
})

test('a promoted model is in use, is written into the activity, and goes back', async () => {
  const promoted = await engine.call('models.promote', { version })
  expect(promoted).toMatchObject({ kind: 'promoted', version, photographs: 72 })
  expect(await engine.call('models.list', {})).toMatchObject([
    { inUse: false, wayBack: true },
    { inUse: true },
  ])
  expect(await engine.call('models.delete', { version })).toMatchObject({ reason: 'in-use' })
  expect(await engine.call('models.delete', { version: '1' })).toMatchObject({ reason: 'pre-trained' })
  const { csv } = await engine.call('attempts.csv', {})
  expect(csv).toContain(`,,model-promoted,,,${version}`)
  expect(await engine.call('models.roll-back', {})).toEqual({
    kind: 'rolled-back',
    from: version,
    to: '1',
    lost: 0,
  })
  expect(await engine.call('models.events', {})).toMatchObject([
    { kind: 'rolled-back', from: version, to: '1' },
    { kind: 'promoted', from: '1', to: version, evenThoughRejected: false },
  ])
  expect(await engine.call('models.delete', { version })).toEqual({ kind: 'deleted' })
})

describe('an exported model', () => {
  const pixels = Float32Array.from({ length: 2 * 150 * 150 * 3 }, (_, i) => (i * 7919) % 256)

  async function exported(of = version) {
    const outcome = await engine.call('models.export', { version: of })
    if (outcome.kind === 'refused') throw new Error(outcome.message)
    return { ...outcome, bytes: new Uint8Array(outcome.bytes) }
  }

  test('is one ONNX file that gives what the engine gives', async () => {
    const { bytes, fileName } = await exported()
    expect(fileName).toBe(`semblance-retrained-1-${version}.onnx`)
    const run = async (model: Uint8Array) => {
      const session = await InferenceSession.create(model, { intraOpNumThreads: 1 })
      const { embedding } = await session.run({ image: new Tensor('float32', pixels, [2, 150, 150, 3]) })
      await session.release()
      return embedding!.data as Float32Array
    }
    const [plain, chained] = [await run(await networkFile(parts, '1')), await run(bytes)]
    for (const row of [0, 128]) {
      const expected = applyHead(unitLength(plain.slice(row, row + 128)), head)
      const found = unitLength(chained.slice(row, row + 128))
      found.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-5))
    }
  })

  test('says where it comes from, and names nobody', async () => {
    const { bytes } = await exported()
    const text = Buffer.from(bytes).toString('latin1')
    expect(text).toContain('"processor":"made-up processor"')
    expect(text).toContain('"operatingPoints"')
    expect(text).not.toContain('Person ')
    expect(text).toContain('"people":12')
    expect(text).not.toContain('"mixed"')
  })

  test('comes in elsewhere as a candidate of the same version, judged by that gallery', async () => {
    const { bytes } = await exported()
    const elsewhere = await openEngine(await drawnGallery({ seed: 8 }))
    try {
      const imported = await elsewhere.engine.call('models.import', { bytes })
      expect(imported).toEqual({ kind: 'imported', version })
      expect(elsewhere.parts.gallery.models.head(version)).toEqual(head)
      const report = await elsewhere.engine.call('models.report', { version })
      if (report.kind === 'refused') throw new Error(report.message)
      expect(report.sentence).not.toBe('Better.') // not what the file says of itself
      expect(report.lines.map(({ id }) => id)).toEqual(
        expect.arrayContaining(['parity', 'gallery', 'strangers']),
      )
      expect(report.lines.find(({ id }) => id === 'parity')).toMatchObject({ outcome: 'not-worse', after: 0 })
      expect(report.model.retrained).toMatchObject({
        people: 0,
        others: expect.stringContaining('12 people elsewhere') as string,
      })
      expect(await elsewhere.engine.call('models.import', { bytes })).toMatchObject({ reason: 'same-model' })
    } finally {
      elsewhere.engine.close()
      elsewhere.parts.gallery.close()
    }
  }, 30_000)

  test('of the pre-trained model is one too, and needs not be imported', async () => {
    const { bytes } = await exported('1')
    expect(await engine.call('models.import', { bytes })).toMatchObject({
      kind: 'refused',
      reason: 'pre-trained',
    })
  })
})

test('an exported network comes in as what is built of its numbers', async () => {
  const { traceNetwork } = await import('../../../src-main/training/export-network.ts')
  const { recognitionNet } = await import('../../../src-main/learning/networks/recognition-net.ts')
  const { startFrom } = await import('../../../src-main/training/gallery-run/network/network-start.ts')
  const net = recognitionNet()
  const tf = await import('@tensorflow/tfjs')
  tf.enableProdMode() // without its banner
  await tf.setBackend('cpu')
  // The network with the head in its last layer: one whose numbers are known.
  const values = { parameters: await startFrom(parts.gallery, version, net), statistics: {} }
  const described = parts.gallery.models.version(version)!
  const added = parts.gallery.models.add({
    ...described,
    network: traceNetwork(net, values, { parent: '1' }),
  })
  if (added.kind === 'refused') throw new Error(added.message)
  const { bytes } = (await engine.call('models.export', { version: added.version })) as {
    bytes: Uint8Array<ArrayBuffer>
  }

  const home = mkdtempSync(join(tmpdir(), 'semblance-imported-'))
  const elsewhere = await openEngine(home)
  try {
    await enrolNoise(elsewhere.parts)
    expect(await elsewhere.engine.call('models.import', { bytes })).toEqual({
      kind: 'imported',
      version: added.version,
    })
    const report = await elsewhere.engine.call('models.report', { version: added.version })
    if (report.kind === 'refused') throw new Error(report.message)
    expect(report.lines.find(({ id }) => id === 'parity')).toMatchObject({ after: 0 })
    // Nobody stands for strangers: a network sees no virtual ones.
    expect(report.verdict).toBe('reject')
  } finally {
    elsewhere.engine.close()
    elsewhere.parts.gallery.close()
  }
}, 120_000)

/** Two people of three crops of noise each, as the pre-trained net embeds them. */
async function enrolNoise({ gallery, vision, model }: Parts) {
  const networks = await vision
  for (const name of ['Ada', 'Ida']) {
    const photographs: NewPhotograph[] = []
    for (let i = 0; i < 3; i++) {
      const source = random(5, name, i)
      const rgb = Uint8Array.from({ length: 256 * 256 * 3 }, () => 256 * source.uniform())
      const crop = { width: 256, height: 256, rgb }
      const { features, embedding } = await networks.embed(crop)
      photographs.push(
        photographOf(i, {
          crop: await cropToPng(crop),
          cropHash: hashOf(rgb),
          modelVersion: model.version,
          features,
          embedding,
        }),
      )
    }
    gallery.enrol(someone(name), photographs)
  }
}

describe('a hostile file is refused in words, and nothing of it stays', () => {
  const note: Omit<Note, 'format' | 'sha256'> = {
    kind: 'head',
    version: 'x',
    base: '1',
    parent: '1',
    recipe: {},
    processor: '',
    seconds: 0,
    trainedOn: { people: 0, photographs: 0, others: '', hash: '' },
    verdict: 'promote',
    report: {},
    card: {},
    head: null,
  }
  /** A graph of one byte: enough to be taken for ONNX. */
  const graph = Uint8Array.of(0x3a, 1, 0)
  const base64 = (numbers: Float32Array) => Buffer.from(numbers.buffer).toString('base64')

  test.each<[string, string, () => Uint8Array | Promise<Uint8Array>]>([
    ['no-note', 'an ONNX file of another', () => networkFile(parts, '1')],
    ['not-onnx', 'a picture', () => cropOf(1)],
    ['not-onnx', 'nothing', () => new Uint8Array(0)],
    ['not-onnx', 'a length beyond the end', () => Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f)],
    ['not-onnx', 'a number without an end', () => new Uint8Array(64).fill(0xff)],
    ['not-onnx', 'zeros', () => new Uint8Array(1000)],
    [
      'changed',
      'a byte that was changed',
      async () => {
        const outcome = await engine.call('models.export', { version })
        const bytes = Uint8Array.from((outcome as { bytes: Uint8Array }).bytes)
        bytes[bytes.length >> 1]! ^= 1
        return bytes
      },
    ],
    [
      'no-note',
      'something behind the note',
      async () => {
        const outcome = await engine.call('models.export', { version })
        return Buffer.concat([(outcome as { bytes: Uint8Array }).bytes, graph])
      },
    ],
    ['other-shape', 'no head', () => withNote(graph, note)],
    [
      'other-shape',
      'a head of another shape',
      () => withNote(graph, { ...note, head: base64(new Float32Array(64)) }),
    ],
    [
      'other-shape',
      'a head that is no number',
      () => withNote(graph, { ...note, head: base64(new Float32Array(128 ** 2).fill(NaN)) }),
    ],
    [
      'parity',
      'a graph that is not its head’s',
      () => withNote(graph, { ...note, head: base64(new Float32Array(head)) }),
    ],
    [
      'other-network',
      'a network of another release',
      () => withNote(graph, { ...note, base: '77', head: base64(new Float32Array(head)) }),
    ],
    ['other-shape', 'a network that is none', () => withNote(graph, { ...note, kind: 'network' })],
    ['no-note', 'a note that is none', () => withNote(graph, { ...note, kind: 'poison' as 'head' })],
    ['no-note', 'words that move a cursor', () => withNote(graph, { ...note, processor: '\x1b[2J' })],
    ['no-note', 'a recipe of megabytes', () => withNote(graph, { ...note, recipe: 'x'.repeat(5e6) })],
    ['no-note', 'a note that never ends', () => withNote(graph, { ...note, processor: 'x'.repeat(1e6) })],
  ])('%s: %s', async (reason, _what, file) => {
    const bytes = new Uint8Array(await file())
    const outcome = await engine.call('models.import', { bytes })
    expect(outcome).toMatchObject({ kind: 'refused', reason })
    expect((outcome as { message: string }).message).toMatch(/\.$/)
    expect(parts.gallery.models.versions()).toHaveLength(1)
  })

  test('a recipe that is none does not keep the list from being read', async () => {
    const { gallery } = parts
    const described = gallery.models.version(version)!
    for (const recipe of ['poison', null, { depth: 9 }, { depth: 'all', loss: { id: '\x1b[2J' }, seed: 1 }])
      gallery.models.add({ ...described, recipe, head: head.map((value) => value * Math.random()) })
    const list = await engine.call('models.list', {})
    expect(list.slice(2).map(({ retrained }) => [retrained!.depth, retrained!.loss])).toEqual(
      Array.from({ length: 4 }, () => ['head', 'unknown']),
    )
  })

  test('a head that collapses everything is judged, and rejected', async () => {
    const collapse = new Float32Array(128 ** 2)
    for (let i = 0; i < 128; i++) collapse[i * 128] = 1 + i / 128
    const other = await withHead(parts, collapse)
    const outcome = await engine.call('models.export', { version: other })
    parts.gallery.models.remove(other)
    const { bytes } = outcome as { bytes: Uint8Array<ArrayBuffer> }
    expect(createHash('sha256').update(bytes).digest('hex')).toHaveLength(64)
    expect(await engine.call('models.import', { bytes })).toMatchObject({ kind: 'imported' })
    const report = await engine.call('models.report', { version: other })
    expect(report).toMatchObject({ verdict: 'reject', failed: 'health' })
    expect(await engine.call('models.promote', { version: other })).toMatchObject({ reason: 'rejected' })
  })
})

/** Genuine and impostor distances, ascending, of each person's newest photograph against templates of the others. */
function byHand({ gallery }: Parts, modelVersion: string, seen: (embedding: Float32Array) => Float32Array) {
  const people = gallery
    .people()
    .map(({ person }) => gallery.embeddings(modelVersion, person).map(({ embedding }) => seen(embedding)))
  const templates = people.map((embeddings) => fuse(embeddings.slice(0, -1)))
  const probes = people.map((embeddings) => embeddings.at(-1)!)
  const genuine = probes.map((probe, i) => distance(probe, templates[i]!))
  const impostor = probes.flatMap((probe, i) =>
    templates.filter((_, j) => j !== i).map((template) => distance(probe, template)),
  )
  const ascending = (values: number[]) => values.toSorted((a, b) => a - b)
  return [ascending(genuine), ascending(impostor)] as const
}

function expectClose(found: ArrayLike<number>, expected: readonly number[]) {
  expect(found).toHaveLength(expected.length)
  expected.forEach((value, i) => expect(Math.abs(found[i]! - value)).toBeLessThan(1e-5))
}
