import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Measurement, TuningSubject } from '../../../src-main/contract.ts'
import { createEngine, type Engine } from '../../../src-main/engine.ts'
import { tuningCalls } from '../../../src-main/engine/tuning/calls.ts'
import { doubtedFmr, doubtedFnmr } from '../../../src-main/evaluation/doubt.ts'
import { operatingPointAt } from '../../../src-main/evaluation/error-rates.ts'
import { unpackComparisons } from '../../../src-main/evaluation/packed-comparisons.ts'
import { fitTwoCovariance } from '../../../src-main/evaluation/virtual-strangers.ts'
import { decode, encode } from '@msgpack/msgpack'
import { distance } from '../../../src-main/vision/embedding.ts'
import { keepChoice } from '../../../src-main/engine/tuning/keep-choice.ts'
import { identityHead } from '../../../src-main/training/gallery-run/head/head.ts'
import { versionOf } from '../../../src-main/gallery/versions.ts'
import { thresholdInForce } from '../../../src-main/engine/tuning/in-force.ts'
import { frameOf, madeUpCard, madeUpParts } from '../made-up-faces.ts'
import { madeVersion, photographOf } from '../../gallery/made-up.ts'
import { embeddingOf, enrolPeople, importStrangers } from './tuned-gallery.ts'

type MadeUpParts = Awaited<ReturnType<typeof madeUpParts>>
let parts: MadeUpParts
let engine: Engine

beforeEach(async () => {
  parts = await madeUpParts()
  engine = createEngine(parts, tuningCalls)
})
afterEach(() => {
  engine.close()
  parts.gallery.close()
})

const photographs: TuningSubject = { form: 'photograph-photograph', strangers: { kind: 'gallery' }, burst: 3 }
const templates: TuningSubject = { ...photographs, form: 'photograph-template' }
const bursts: TuningSubject = { ...photographs, form: 'burst-template' }

async function measured(subject: TuningSubject): Promise<Measurement> {
  const outcome = await engine.call('tune.measure', subject)
  if (outcome.kind === 'refused') throw new Error(outcome.message)
  return outcome
}

describe('a measurement', () => {
  test('compares what a slow loop compares, in the form photograph × photograph', async () => {
    enrolPeople(parts.gallery, [3, 2, 4], parts.model)
    const { comparisons, people, pairsOfPeople, photographs: count } = await measured(photographs)
    const { genuine, impostor } = unpackComparisons(comparisons)
    const all = [3, 2, 4].flatMap((n, person) =>
      Array.from({ length: n }, (_, i) => ({ person, embedding: embeddingOf(person, i) })),
    )
    const expected = { genuine: [] as number[], impostor: [] as number[] }
    for (const [i, a] of all.entries())
      for (const b of all.slice(i + 1))
        expected[a.person === b.person ? 'genuine' : 'impostor'].push(distance(a.embedding, b.embedding))
    expect([people, pairsOfPeople, count]).toEqual([3, 3, 9])
    const sorted = (list: number[]) => list.sort((x, y) => x - y)
    for (const [i, value] of sorted(expected.genuine).entries())
      expect(genuine.exact[i]).toBeCloseTo(value, 6)
    expect([genuine.total, impostor.total]).toEqual([expected.genuine.length, expected.impostor.length])
    for (const [i, value] of sorted(expected.impostor).entries())
      expect(impostor.exact[i]).toBeCloseTo(value, 6)
  })

  test('is the same numbers behind a socket, so that a dragged threshold needs no call', async () => {
    enrolPeople(parts.gallery, [4, 4, 4, 4, 4], parts.model)
    const { comparisons } = await measured(photographs)
    const here = unpackComparisons(comparisons)
    const there = unpackComparisons(decode(encode(comparisons)) as typeof comparisons)
    for (const threshold of [0.3, 0.6, 1.1, 1.3]) {
      expect(operatingPointAt(there, threshold)).toEqual(operatingPointAt(here, threshold))
      expect(doubtedFmr(there, threshold)).toEqual(doubtedFmr(here, threshold))
      expect(doubtedFnmr(there, threshold)).toEqual(doubtedFnmr(here, threshold))
    }
  })

  test('gives the same digits twice, and says where each rate comes from', async () => {
    enrolPeople(parts.gallery, [4, 4, 4, 4], parts.model)
    const first = await measured(templates)
    engine.close()
    engine = createEngine(parts, tuningCalls) // nothing kept
    expect(await measured(templates)).toEqual(first)
    expect(first).toMatchObject({
      formInWords: 'photograph × template of 4',
      strangersInWords: 'the other people of this gallery',
    })
    expect(first.findings.det[0]!.fmrBand).not.toBe(null)
    expect(first.byPerson.map(({ name }) => name)).toEqual(['Person 1', 'Person 2', 'Person 3', 'Person 4'])
    expect(first.byPerson[0]!.genuine.pairs).toBe(4) // each photograph against the template of the other three
    expect(first.byPerson[0]!.impostor.pairs).toBe(12)
    expect(first.confusable).toHaveLength(6)
  })

  test('says what a small gallery cannot support, where the number would stand', async () => {
    enrolPeople(parts.gallery, [3, 3, 3], parts.model)
    const { findings } = await measured(photographs)
    const row = findings.operatingPoints.find(({ wantedFmr }) => wantedFmr === 1e-4)!
    expect(row).toMatchObject({ kind: 'unsupported' })
    expect(row.kind === 'unsupported' && row.sentence).toMatch(
      /^3 people support .* at best, not 0.01 %; 246 people are the least|^3 people support .* at best, not 0.01 %; 245 people are the least/,
    )
  })

  test('is made anew when a photograph is dropped', async () => {
    const [first] = enrolPeople(parts.gallery, [3, 3], parts.model)
    expect((await measured(photographs)).photographs).toBe(6)
    await engine.call('photograph.drop', { photograph: parts.gallery.photographs(first!)[0]!.photograph })
    expect((await measured(photographs)).photographs).toBe(5)
  })

  test('can be followed and cancelled', async () => {
    enrolPeople(parts.gallery, [5, 5, 5, 5], parts.model)
    const heard: number[] = []
    engine.on('progress', ({ job, done, total }) => {
      expect(job).toBe('measuring')
      heard.push(done / total)
      if (heard.length === 3) void engine.call('job.cancel', { job })
    })
    const outcome = await engine.call('tune.measure', { ...photographs, job: 'measuring' })
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'cancelled' })
    expect(heard.every((share, i) => i === 0 || share >= heard[i - 1]!)).toBe(true)
    expect(await measured(photographs)).toMatchObject({ kind: 'measurement' }) // and nothing is left of it
  })
})

test('a measurement begun again while the first is being cancelled is not cancelled with it', async () => {
  enrolPeople(parts.gallery, [5, 5, 5, 5], parts.model)
  let again: Promise<unknown> | null = null
  engine.on('progress', ({ job }) => {
    if (job !== 'first' || again) return
    void engine.call('job.cancel', { job })
    again = engine.call('tune.measure', { ...photographs, job: 'second' })
  })
  expect(await engine.call('tune.measure', { ...photographs, job: 'first' })).toMatchObject({
    reason: 'cancelled',
  })
  expect(await again).toMatchObject({ kind: 'measurement' })
})

describe('what stands beside a measurement', () => {
  test('distances by day, camera and light, as far as they are known', async () => {
    const day = (n: number) => new Date(2026, 10, 20 + n, 12).getTime()
    const quality = (value: number) => [
      { component: 'Luminance' as const, value, limit: 0.15, unit: 'of white', passes: true, sentence: '' },
    ]
    for (const person of [0, 1, 2]) {
      const outcome = parts.gallery.enrol(
        { name: `Person ${person}`, consentAt: 1, skippedViews: [] },
        [0, 1, 2, 3].map((photograph) => ({
          ...photographOf(person * 10 + photograph, {
            crop: null,
            modelVersion: parts.model.version,
            features: new Float32Array(256),
            embedding: embeddingOf(person, photograph),
          }),
          source: photograph === 3 ? ('file' as const) : ('camera' as const),
          // Of the three files one says when and by what it was taken.
          ...(photograph === 3 && person === 0 && { taken: { dated: true, camera: 'Pixel 8' } }),
          capturedAt: day(photograph === 0 ? 0 : 1),
          quality: quality(photograph < 2 ? 0.3 : 0.5),
        })),
      )
      if (outcome.kind === 'refused') throw new Error(outcome.message)
    }
    const { conditions } = await measured(photographs)
    expect(conditions.map(({ condition }) => condition)).toEqual(['day', 'camera', 'light'])
    const [byDay, byCamera, byLight] = conditions
    expect(byDay!.values).toEqual([
      { value: '2026-11-21', photographs: 7 }, // the day of a file that does not say it is that of its import: unknown
      { value: '2026-11-20', photographs: 3 },
    ])
    expect([byDay!.genuineSame.pairs, byDay!.genuineDifferent.pairs]).toEqual([5, 7])
    expect(byCamera!.values).toEqual([
      { value: 'camera', photographs: 9 },
      { value: 'file', photographs: 2 },
      { value: 'Pixel 8', photographs: 1 },
    ])
    expect(byLight!.values.map(({ value }) => value)).toEqual(['dim', 'even'])
    const all = [byLight!.genuineSame, byLight!.genuineDifferent].reduce((sum, { pairs }) => sum + pairs, 0)
    expect(all).toBe(18)
    expect(byLight!.shift!.people).toBe(3)
  })

  test('failures to acquire are the audit log’s attempts without a usable face, of those that had a picture', async () => {
    enrolPeople(parts.gallery, [3, 3], parts.model)
    expect((await measured(photographs)).acquisition).toEqual({ failures: 0, of: 0 })
    for (const outcome of [
      'match',
      'no-match',
      'no-face',
      'poor-quality',
      'locked-out',
      'not-enrolled',
    ] as const)
      parts.gallery.attempts.add({
        at: 1,
        person: 1,
        claim: 'Person 1',
        outcome,
        distance: null,
        threshold: null,
        form: 'burst-template',
        modelVersion: parts.model.version,
      })
    expect((await measured(photographs)).acquisition).toEqual({ failures: 2, of: 4 })
  })

  test('a matrix of the most alike people, the greatest risk first, in the form that was measured', async () => {
    enrolPeople(parts.gallery, [3, 3, 3], parts.model)
    const { matrix, confusable } = await measured(photographs)
    expect(matrix.people.map(({ name }) => name).sort()).toEqual(['Person 1', 'Person 2', 'Person 3'])
    const first = [confusable[0]!.a.person, confusable[0]!.b.person].sort()
    expect(
      matrix.people
        .slice(0, 2)
        .map(({ person }) => person)
        .sort(),
    ).toEqual(first)
    expect(matrix.nearest[0]![1]).toBeCloseTo(confusable[0]!.distances.least, 6)
    expect((await measured(templates)).matrix.nearest[0]![1]).not.toBeCloseTo(matrix.nearest[0]![1]!, 4)
  })
})

describe('normalising by a cohort', () => {
  const wished = { ...photographs, wantedFmr: 0.1 }

  test('is judged on the enrolled alone, or on the strangers that it was not fitted to', async () => {
    enrolPeople(parts.gallery, [4, 4, 4, 4, 4, 4, 4, 4], parts.model)
    const cohort = importStrangers(parts.gallery, Array<number>(30).fill(2), parts.model)
    const among = await engine.call('tune.normalisations', wished)
    if (among.kind === 'refused') throw new Error(among.message)
    expect(among).toMatchObject({ fittedOn: 30, judgedOn: 8 })
    expect(among.rows.map(({ by }) => by)).toEqual(['plain', 'z-norm', 't-norm', 's-norm'])
    expect(among.rows[0]!.fmr.comparisons).toBe((28 * 16) / 1)
    const against = await engine.call('tune.normalisations', {
      ...wished,
      strangers: { kind: 'cohort', cohort },
    })
    if (against.kind === 'refused') throw new Error(against.message)
    expect(against.fittedOn).toBe(15)
    expect(against.rows[0]!.fmr.comparisons).toBe(15 * 2 * 32)
    // The plain row is what a measurement says.
    const { comparisons } = await measured(photographs)
    expect(unpackComparisons(comparisons).impostor.total).toBe(among.rows[0]!.fmr.comparisons)
  })

  test('takes people who were imported, and ten of them', async () => {
    enrolPeople(parts.gallery, [4, 4, 4], parts.model)
    for (const strangers of [{ kind: 'virtual' as const }, { kind: 'gallery' as const }])
      expect(await engine.call('tune.normalisations', { ...wished, strangers })).toMatchObject({
        reason: 'no-strangers',
      })
    importStrangers(parts.gallery, [2, 2], parts.model)
    expect(await engine.call('tune.normalisations', wished)).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('takes 10 imported strangers') as string,
    })
  })

  test('stands in the report, with transactions and conditions', async () => {
    enrolPeople(parts.gallery, [4, 4, 4, 4, 4], parts.model)
    importStrangers(parts.gallery, Array<number>(12).fill(2), parts.model)
    const report = await engine.call('tune.report', { ...photographs, photographs: false })
    if (report.kind === 'refused') throw new Error(report.message)
    const json = JSON.parse(report.json) as Record<string, unknown>
    expect(json).toMatchObject({
      transaction: { attempts: 5 },
      acquisition: { of: 0 },
      normalisations: { fittedOn: 12 },
    })
    for (const words of [
      'Per transaction',
      'false accept rate',
      'Normalised by a cohort',
      's-norm',
      'never measured here',
    ])
      expect(report.html).toContain(words)
  })
})

describe('what cannot be measured is a sentence', () => {
  const refusal = async (subject: TuningSubject) => {
    const outcome = await engine.call('tune.measure', subject)
    if (outcome.kind !== 'refused') throw new Error('not refused')
    expect(outcome.message).toMatch(/\.$/)
    return outcome.reason
  }
  test('nobody enrolled', async () => {
    expect(await refusal(photographs)).toBe('nobody-enrolled')
  })
  test('one person', async () => {
    enrolPeople(parts.gallery, [4], parts.model)
    for (const subject of [photographs, templates, bursts]) expect(await refusal(subject)).toBe('one-person')
  })
  test('one photograph of each', async () => {
    enrolPeople(parts.gallery, [1, 1, 1], parts.model)
    for (const subject of [photographs, templates, bursts]) expect(await refusal(subject)).toBe('no-genuine')
  })
  test('too few photographs for a burst', async () => {
    enrolPeople(parts.gallery, [3, 3], parts.model)
    expect(await refusal(bursts)).toBe('no-genuine')
    expect((await measured({ ...bursts, burst: 2 })).formInWords).toBe('burst of 2 × template of 3')
  })
  test('no strangers imported, no virtual strangers in the card', async () => {
    enrolPeople(parts.gallery, [3, 3], parts.model)
    expect(await refusal({ ...photographs, strangers: { kind: 'cohort', cohort: null } })).toBe(
      'no-strangers',
    )
    expect(await refusal({ ...photographs, strangers: { kind: 'virtual' } })).toBe('no-strangers')
  })
  test('all distances equal', async () => {
    const { gallery, model } = parts
    const [first] = enrolPeople(gallery, [2, 2], model)
    const same = embeddingOf(0, 0)
    for (const { photograph } of [1, first!]
      .flatMap(() => gallery.people())
      .flatMap(({ person }) => gallery.photographs(person)))
      gallery.putEmbedding(photograph, model.version, new Float32Array(256), same)
    expect(await refusal(photographs)).toBe('all-equal')
  })
})

describe('strangers', () => {
  test('of a cohort probe everybody, and one enrolled person is enough', async () => {
    enrolPeople(parts.gallery, [4], parts.model)
    const cohort = importStrangers(parts.gallery, [1, 2, 1], parts.model)
    const measurement = await measured({ ...templates, strangers: { kind: 'cohort', cohort } })
    const { impostor, genuine } = unpackComparisons(measurement.comparisons)
    expect([genuine.total, impostor.total]).toEqual([4, 4])
    expect(measurement).toMatchObject({
      people: 1,
      strangerPeople: 3,
      pairsOfPeople: 3,
      strangersInWords: '3 people imported as strangers',
    })
    // Three pairs of people without an error: 1 − 0.05^(1/3), never the six pairs of four people.
    expect(doubtedFmr(unpackComparisons(measurement.comparisons), 0.1).upper95).toBeGreaterThanOrEqual(
      1 - 0.05 ** (1 / 3) - 1e-12,
    )
  })

  test('of a cohort stand in the pairs with the very crop that was compared', async () => {
    enrolPeople(parts.gallery, [3, 2], parts.model)
    const cohort = importStrangers(parts.gallery, [1, 2], parts.model)
    const subject = { ...photographs, strangers: { kind: 'cohort' as const, cohort } }
    const alike = await engine.call('tune.pairs', { ...subject, tail: 'alike-strangers', limit: 50 })
    if (alike.kind === 'refused') throw new Error(alike.message)
    expect(alike.pairs).toHaveLength(3 * 5)
    const theirs = parts.gallery.cohorts.strangerEmbeddings(parts.model.version, cohort)
    const own = parts.gallery.embeddings(parts.model.version)
    for (const { distance: apart, probe, reference } of alike.pairs) {
      const stranger = theirs.find(({ photograph }) => photograph === probe.stranger)!
      const enrolled = own.find(({ photograph }) => photograph === reference.photograph)!
      expect(distance(stranger.embedding, enrolled.embedding)).toBeCloseTo(apart, 5)
      expect(probe).toMatchObject({ person: null, photograph: null, name: `stranger ${stranger.stranger}` })
    }
  })

  test('of a cohort are embedded again under a new model', async () => {
    enrolPeople(parts.gallery, [3, 3], parts.model)
    const cohort = parts.gallery.cohorts.add('Old')
    const png = await (
      await import('../../../src-main/vision/kept-crop.ts')
    ).cropToPng({
      width: 256,
      height: 256,
      rgb: new Uint8Array(256 * 256 * 3).fill(9),
    })
    parts.gallery.cohorts.addStranger(cohort, {
      stranger: 1,
      crop: png,
      cropHash: 'a',
      modelVersion: 'older',
      embedding: embeddingOf(50, 0),
    })
    const measurement = await measured({ ...photographs, strangers: { kind: 'cohort', cohort: null } })
    expect(measurement.strangerPeople).toBe(1)
    expect(parts.gallery.cohorts.staleStrangers(parts.model.version)).toEqual([])
  })

  test('of a cohort whose crop cannot be read any more are left out, and the rest is measured', async () => {
    enrolPeople(parts.gallery, [3, 3], parts.model)
    const cohort = importStrangers(parts.gallery, [2], parts.model)
    const crop = Buffer.from('89504e470d0a1a0a00', 'hex')
    const broken = { stranger: 9, crop, cropHash: 'broken', modelVersion: 'older' }
    parts.gallery.cohorts.addStranger(cohort, { ...broken, embedding: embeddingOf(50, 0) })
    const measurement = await measured({ ...photographs, strangers: { kind: 'cohort', cohort } })
    expect(measurement.strangerPeople).toBe(1)
  })

  test('that are virtual give a forecast that a wish is held to, and say so', async () => {
    const people = 60
    const vectors = new Float32Array(people * 3 * 128)
    const owner = Array.from({ length: people * 3 }, (_, row) => Math.floor(row / 3))
    owner.forEach((person, row) => vectors.set(embeddingOf(2000 + person, row % 3), row * 128))
    const fit = fitTwoCovariance({ vectors, dimension: 128, people: owner })
    if (fit.kind === 'refused') throw new Error(fit.message)
    const points = [1e-1, 1e-2, 1e-3].map((virtualFmr) => ({
      virtualFmr,
      realFmr: 2 * virtualFmr,
      realUpper95: 2.5 * virtualFmr,
      falseMatches: 50,
    }))
    const corrections = [
      {
        form: 'photograph-photograph' as const,
        templatePhotographs: 1,
        burstPhotographs: 1,
        points,
        heldOutPeople: 100,
        remaining: [{ wantedFmr: 0.02, realFmr: 0.03, ratio: 1.5 }],
        checkedOnPeople: 100,
      },
    ]
    engine.close()
    const strangers = Promise.resolve({ version: parts.model.version, model: fit, corrections })
    engine = createEngine({ ...parts, strangers }, tuningCalls)
    enrolPeople(parts.gallery, [3, 3], parts.model)
    const subject = { ...photographs, strangers: { kind: 'virtual' as const } }
    const measurement = await measured(subject)
    expect(measurement.strangersInWords).toContain('a forecast, not a measurement')
    const row = measurement.findings.operatingPoints.find(({ wantedFmr }) => wantedFmr === 1e-2)!
    if (row.kind === 'unsupported') throw new Error(row.sentence)
    expect(row.forecast!.worst).toBeLessThanOrEqual(1e-2)
    expect(row.forecast!.worst / row.forecast!.virtualFmr).toBeCloseTo(3, 6) // twice by the correction, 1.5 left
    const rare = measurement.findings.operatingPoints.find(({ wantedFmr }) => wantedFmr === 1e-5)!
    expect(rare).toMatchObject({ kind: 'unsupported' })
    // Templates were not checked against real people.
    expect(await engine.call('tune.measure', { ...subject, form: 'photograph-template' })).toMatchObject({
      reason: 'no-strangers',
    })
  })
})

describe('the pairs behind a tail', () => {
  test('are photographs, worst first, of two people or of one', async () => {
    enrolPeople(parts.gallery, [3, 3, 3], parts.model)
    const { comparisons } = await measured(photographs)
    const { genuine, impostor } = unpackComparisons(comparisons)
    const alike = await engine.call('tune.pairs', { ...photographs, tail: 'alike-strangers', limit: 5 })
    const unlike = await engine.call('tune.pairs', { ...photographs, tail: 'unlike-photographs', limit: 5 })
    if (alike.kind === 'refused' || unlike.kind === 'refused') throw new Error('refused')
    expect(alike.pairs.map((pair) => pair.distance)).toEqual([...impostor.exact.slice(0, 5)])
    expect(unlike.pairs.map((pair) => pair.distance)).toEqual([...genuine.exact.slice(-5).reverse()])
    const { gallery } = parts
    for (const { probe, reference } of [...alike.pairs, ...unlike.pairs]) {
      expect(gallery.photograph(probe.photograph!)!.person).toBe(probe.person)
      expect(gallery.photograph(reference.photograph!)!.person).toBe(reference.person)
    }
    expect(alike.pairs.every(({ probe, reference }) => probe.person !== reference.person)).toBe(true)
    expect(unlike.pairs.every(({ probe, reference }) => probe.person === reference.person)).toBe(true)
    const own = await engine.call('tune.pairs', {
      ...photographs,
      tail: 'alike-strangers',
      limit: 50,
      person: 2,
    })
    expect(own).toMatchObject({ pairs: { length: 18 } })
  })

  test('marked as not the same: two people stay marked, two photographs are no genuine pair any more', async () => {
    const [first, second] = enrolPeople(parts.gallery, [3, 3], parts.model)
    const of = (person: number) => parts.gallery.photographs(person).map(({ photograph }) => photograph)
    const [a, b, c] = of(first!)
    const [d, e] = of(second!)
    expect(await engine.call('tune.not-same', { a: a!, b: d!, notSame: true })).toEqual({ kind: 'marked' })
    const alike = await engine.call('tune.pairs', { ...photographs, tail: 'alike-strangers', limit: 9 })
    expect(alike).toMatchObject({ pairs: Array(9).fill({ notSame: true }) }) // whichever of their photographs
    expect((await measured(photographs)).confusable).toMatchObject([{ notSame: true }])
    await engine.call('tune.not-same', { a: c!, b: b!, notSame: true })
    const without = await measured(photographs)
    expect(unpackComparisons(without.comparisons).genuine.total).toBe(5)
    expect(without.notes.join(' ')).toContain('1 genuine pair is left out')
    await engine.call('tune.not-same', { a: b!, b: c!, notSame: false })
    expect(unpackComparisons((await measured(photographs)).comparisons).genuine.total).toBe(6)
    expect(await engine.call('tune.not-same', { a: e!, b: e!, notSame: true })).toMatchObject({
      reason: 'same-photograph',
    })
    expect(await engine.call('tune.not-same', { a: a!, b: 99, notSame: true })).toMatchObject({
      reason: 'no-such-photograph',
    })
  })
})

describe('a chosen threshold', () => {
  const byHand = (threshold: number) => ({ by: 'hand' as const, threshold })
  const status = async () => (await engine.call('status', {})).threshold

  test('is stored with its evidence and in force at once, in every window and process', async () => {
    enrolPeople(parts.gallery, [4, 4, 4], parts.model)
    const heard: unknown[] = []
    engine.on('status-changed', ({ threshold }) => heard.push(threshold.distance))
    const chosen = await engine.call('tune.choose', { ...bursts, wish: byHand(0.42) })
    if (chosen.kind === 'refused') throw new Error(chosen.message)
    expect(chosen.choice).toMatchObject({
      threshold: 0.42,
      model: parts.model,
      at: parts.clock.ms,
      people: 3,
      pairsOfPeople: 3,
      form: { form: 'burst-template', burstPhotographs: 3 },
      strangersInWords: 'the other people of this gallery',
      fmr: { comparisons: 6 },
    })
    expect(heard).toEqual([0.42])
    expect(await status()).toMatchObject({
      form: 'burst-template',
      distance: 0.42,
      origin: { kind: 'tuned', people: 3, pairs: 6, stale: null },
    })
    const elsewhere = await madeUpParts({ home: parts.home })
    const other = createEngine(elsewhere, tuningCalls)
    expect((await other.call('status', {})).threshold.distance).toBe(0.42)
    other.close()
    elsewhere.gallery.close()
  })

  test('judges verification in its own form and in no other', async () => {
    enrolPeople(parts.gallery, [4, 4], parts.model)
    const added = parts.gallery.enrol({ name: 'Ada', consentAt: 1, skippedViews: [] }, [])
    if (added.kind === 'refused') throw new Error(added.message)
    const begun = await engine.call('enrol.begin', { name: 'Bea', consent: true })
    if (begun.kind === 'refused') throw new Error(begun.message)
    const { pngOf } = await import('../made-up-faces.ts')
    for (const photograph of [1, 2, 3])
      await engine.call('enrol.file', {
        draft: begun.draft,
        fileName: 'a.png',
        bytes: await pngOf({ person: 5, photograph }),
      })
    const saved = await engine.call('enrol.save', { draft: begun.draft })
    if (saved.kind === 'refused') throw new Error(saved.message)
    const verify = (frames: number) =>
      engine.call('verify', {
        person: saved.person,
        frames: Array.from({ length: frames }, (_, i) => frameOf({ person: 5, photograph: 10 + i })),
      })
    const [single, burst] = [await verify(1), await verify(3)]
    expect([single.kind, burst.kind]).toEqual(['match', 'match'])
    expect('distance' in single && single.distance).toBeGreaterThan(0.01)

    await engine.call('tune.choose', { ...photographs, wish: byHand(0.001) })
    expect((await verify(1)).kind).toBe('match') // photograph × template: another form

    await engine.call('tune.choose', { ...templates, wish: byHand(0.001) })
    expect(await verify(1)).toMatchObject({
      kind: 'no-match',
      threshold: { form: 'photograph-template', distance: 0.001, origin: { kind: 'tuned' } },
    })
    // A burst was not measured: the stricter of the forms.
    expect(await verify(3)).toMatchObject({ kind: 'no-match', threshold: { distance: 0.001 } })

    await engine.call('tune.choose', { ...bursts, wish: byHand(0.9) })
    expect(await verify(3)).toMatchObject({
      kind: 'match',
      threshold: { form: 'burst-template', distance: 0.9, origin: { kind: 'tuned' } },
    })
    await engine.call('tune.forget-choice', { form: 'burst-template' })
    await engine.call('tune.forget-choice', { form: 'photograph-template' })
    expect(await verify(3)).toMatchObject({ kind: 'match', threshold: { origin: { kind: 'card' } } })
    expect(await engine.call('tune.forget-choice', { form: 'burst-template' })).toMatchObject({
      reason: 'no-choice',
    })
  })

  test('is made as much stricter as the card is where more photographs are compared', async () => {
    enrolPeople(parts.gallery, [5, 5], parts.model)
    const [, , burstOf3] = madeUpCard.forms
    const burstOf5 = {
      ...burstOf3!,
      burst: 5,
      operatingPoints: [{ fmr: 1e-4, threshold: 0.35, tmr: 1 }],
    }
    const card = { ...madeUpCard, forms: [...madeUpCard.forms, burstOf5] }
    await engine.call('tune.choose', { ...bursts, wish: byHand(0.5) })
    const used = (burst: number) =>
      thresholdInForce({ ...parts, card }, 'burst-template', { template: 2, burst })
    expect(used(3)).toMatchObject({ distance: 0.5, origin: { kind: 'tuned' } })
    expect(used(2).distance).toBe(0.5)
    expect(used(5).distance).toBeCloseTo(0.5 * (0.35 / 0.9), 12) // at FMR 1e-2, the card's loosest
    expect(used(5).origin.note).toContain('Made stricter for burst of 5 × template of 2')
    expect(used(12).distance).toBe(used(5).distance)
  })

  test('does not loosen the rate that the owner set, and a stricter one stays', async () => {
    enrolPeople(parts.gallery, [4, 4], parts.model)
    await engine.call('tune.choose', { ...bursts, wish: byHand(0.9) })
    expect(await status()).toMatchObject({ distance: 0.9, origin: { kind: 'tuned' } }) // the default is no wish
    await engine.call('settings.set', { wantedFmr: 1e-4 })
    const held = await status()
    expect(held).toMatchObject({ distance: 0.7, wantedFmr: 1e-4, origin: { kind: 'card', insteadOf: 0.9 } })
    expect(held.origin.note).toMatch(/^Stricter than the 0.9000 chosen on this gallery .* Settings ask for/)
    await engine.call('tune.choose', { ...bursts, wish: byHand(0.6) })
    expect(await status()).toMatchObject({ distance: 0.6, origin: { kind: 'tuned' } })
  })

  test('a loose one for photographs does not loosen bursts', async () => {
    enrolPeople(parts.gallery, [4, 4], parts.model)
    const before = await status()
    await engine.call('tune.choose', { ...templates, wish: byHand(1.9) })
    expect(await status()).toEqual(before)
  })

  test('is stale when the gallery changed, and not used when the model did', async () => {
    enrolPeople(parts.gallery, [4, 4], parts.model)
    await engine.call('tune.choose', { ...bursts, wish: byHand(0.5) })
    enrolPeople(parts.gallery, [4], parts.model, 10)
    const { origin } = await status()
    expect(origin).toMatchObject({ kind: 'tuned', stale: expect.stringContaining('have changed') as string })
    const { choices } = await engine.call('tune.choice', {})
    expect(choices).toMatchObject([{ threshold: 0.5, stale: expect.any(String) as string }])

    engine.close()
    engine = createEngine({ ...parts, model: { name: 'made-up', version: '2' } }, tuningCalls)
    expect((await status()).origin.kind).toBe('card')
    expect((await engine.call('tune.choice', {})).choices).toMatchObject([
      { stale: expect.stringContaining('another model') as string },
    ])
  })

  test('is not kept where another model came into use while it was measured, and that one keeps its own', async () => {
    const { gallery } = parts
    enrolPeople(gallery, [4, 4, 3], parts.model)
    const added = gallery.models.add(
      madeVersion({
        card: madeUpCard,
        head: identityHead(128),
      }),
    )
    if (added.kind === 'refused') throw new Error(added.message)
    const { version } = added
    let isPromoted = false
    engine.on('progress', () => {
      if (isPromoted) return
      isPromoted = true // on the command line
      gallery.models.promote(version, (_, [seen]) => ({ ...seen!, modelVersion: version }), {
        evenIfRejected: false,
      })
      const model = { ...parts.model, version }
      gallery.choices.set({ form: { form: 'photograph-photograph' }, threshold: 0.7, model } as never)
    })
    const chosen = await engine.call('tune.choose', { ...photographs, wish: byHand(0.5), job: 'choosing' })
    expect(isPromoted).toBe(true)
    expect(chosen).toMatchObject({ kind: 'refused', reason: 'changed-meanwhile' })
    expect(gallery.choices.all()).toMatchObject([{ threshold: 0.7, model: { version } }])

    const own = {
      person: 1,
      form: { form: 'photograph-template' },
      threshold: 0.4,
      model: parts.model,
    } as never
    expect(keepChoice({ ...parts }, own)).toMatchObject({ reason: 'changed-meanwhile' })
    expect(gallery.choices.personal()).toEqual([])
    gallery.models.rollBack((_, seen) => seen.find(({ modelVersion }) => modelVersion === '1')!)
    expect(keepChoice({ ...parts }, own)).toEqual({ kind: 'kept' })
    expect(gallery.choices.personal()).toMatchObject([{ threshold: 0.4 }])
  })

  test('is carried over to a model retrained from the one it was chosen for, where that is stricter than its card', async () => {
    enrolPeople(parts.gallery, [4, 4], parts.model)
    await engine.call('tune.choose', { ...templates, wish: byHand(0.5) })
    const seeds = { next: 0 }
    const retrained = (parent: string, report: unknown) => {
      const added = parts.gallery.models.add(
        madeVersion({
          parent,
          report,
          card: madeUpCard,
          head: Float32Array.of(++seeds.next),
        }),
      )
      if (added.kind === 'refused') throw new Error(added.message)
      return { ...parts, model: { name: 'made-up', version: added.version } }
    }
    const at = (model: typeof parts, form: 'photograph-template' | 'burst-template', template = 4) =>
      thresholdInForce(model, form, { template, burst: form === 'burst-template' ? 3 : 1 })
    const child = retrained('1', { threshold: { before: 0.5, after: 0.6 } })
    expect(at(child, 'photograph-template').distance).toBeCloseTo(0.6, 12)
    expect(at(child, 'photograph-template').origin).toMatchObject({
      kind: 'card',
      note: expect.stringMatching(/^Stricter than the card’s 0.8000: .* Choose again\./) as string,
    })
    expect(at(child, 'burst-template').distance).toBeCloseTo(0.6, 12) // no burst was measured before either
    const grandchild = retrained(child.model.version, { threshold: { before: 0.6, after: 0.3 } })
    expect(at(grandchild, 'photograph-template').distance).toBeCloseTo(0.3, 12)

    // A sibling: up to the model that both were retrained from, and down again.
    parts.gallery.choices.set({ ...parts.gallery.choices.all()[0]!, threshold: 0.6, model: child.model })
    const sibling = retrained('1', { threshold: { before: 0.5, after: 0.4 } })
    expect(at(sibling, 'photograph-template').distance).toBeCloseTo(0.4, 12)
    await engine.call('tune.choose', { ...templates, wish: byHand(0.5) })

    // Never laxer than the card; and no report, no number, or a circle says nothing.
    for (const report of [
      { threshold: { before: 0.5, after: 1.9 } },
      { threshold: { before: 0, after: 0.1 } },
      { threshold: { before: 0.5, after: -1 } },
      {},
      null,
    ])
      expect(at(retrained('1', report), 'photograph-template').distance).toBe(0.8)
    const own = { threshold: { before: 1, after: 0.1 } }
    const circle = versionOf('1', Float32Array.of(seeds.next + 1))
    expect(at(retrained(circle, own), 'photograph-template').distance).toBe(0.8)
  })

  test('measured on a cohort is stale when the cohort changed', async () => {
    enrolPeople(parts.gallery, [4, 4], parts.model)
    const cohort = importStrangers(parts.gallery, [2, 2], parts.model)
    const subject = { ...templates, strangers: { kind: 'cohort' as const, cohort } }
    await engine.call('tune.choose', { ...subject, wish: byHand(0.5) })
    const stale = async () => (await engine.call('tune.choice', {})).choices[0]!.stale
    expect(await stale()).toBe(null)
    await engine.call('cohort.remove', { cohort })
    expect(await stale()).toContain('strangers')
  })

  test('by a wished rate is held to by its bound, or refused in words', async () => {
    enrolPeople(parts.gallery, Array<number>(20).fill(3), parts.model)
    const chosen = await engine.call('tune.choose', { ...photographs, wish: { by: 'fmr', fmr: 0.05 } })
    if (chosen.kind === 'refused') throw new Error(chosen.message)
    expect(chosen.choice.fmr.upper95).toBeLessThanOrEqual(0.05)
    expect(chosen.choice.fmr.rate).toBeLessThan(chosen.choice.fmr.upper95)
    expect(
      await engine.call('tune.choose', { ...photographs, wish: { by: 'fmr', fmr: 1e-4 } }),
    ).toMatchObject({ kind: 'refused', reason: 'unsupported-rate' })
    expect((await engine.call('tune.choice', {})).choices).toHaveLength(1)
    for (const wish of [
      { by: 'eer' as const },
      { by: 'cost' as const, falseMatch: 10, falseNonMatch: 1, impostorPrior: 0.01 },
    ])
      expect(await engine.call('tune.choose', { ...photographs, wish })).toMatchObject({ kind: 'chosen' })
  })
})

describe('a report', () => {
  test('loads nothing, names nobody, and its JSON has counts, bounds and limits', async () => {
    enrolPeople(parts.gallery, [4, 4, 4], parts.model)
    const report = await engine.call('tune.report', { ...templates, photographs: false, threshold: 1 })
    if (report.kind === 'refused') throw new Error(report.message)
    expect(report.html).not.toMatch(/https?:|<script|<img|Person \d/)
    expect(report.html).toContain('photograph × template of 4')
    expect(report.html).not.toMatch(/NaN|undefined|Infinity/)
    const json = JSON.parse(report.json) as Record<string, unknown>
    expect(report.json).not.toContain('Person 1')
    expect(json).toMatchObject({
      people: 3,
      genuinePairs: 12,
      impostorPairs: 24,
      threshold: 1,
      model: parts.model,
      list: parts.gallery.fingerprint(),
    })
  })
})
