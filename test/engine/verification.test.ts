import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createEngine, type Engine } from '../../src-main/engine.ts'
import type { Verdict } from '../../src-main/contract.ts'
import { reembed } from '../../src-main/engine/re-embedding.ts'
import { embeddingOf, frameOf, madeUpCard, madeUpNetworks, madeUpParts } from './made-up-faces.ts'

const views = { front: [0, 0], left: [20, 0], right: [-20, 0], up: [0, 20], down: [0, -20] } as const

type MadeUpParts = Awaited<ReturnType<typeof madeUpParts>>
let parts: MadeUpParts
let engine: Engine

beforeEach(async () => {
  parts = await madeUpParts()
  engine = createEngine(parts)
})
afterEach(() => {
  engine.close()
  parts.gallery.close()
})

/** Enrols a made-up person from five camera views. */
async function enrolled(name: string, person: number): Promise<number> {
  const begun = await engine.call('enrol.begin', { name, consent: true })
  if (begun.kind === 'refused') throw new Error(begun.message)
  const { draft } = begun
  for (const [i, [view, [yaw, pitch]]] of Object.entries(views).entries()) {
    const frame = frameOf({ person, photograph: i + 1, pose: { roll: 0, yaw, pitch } })
    const kept = await engine.call('enrol.frame', { draft, view: view as keyof typeof views, frame })
    expect(kept.kind).toBe('kept')
  }
  const saved = await engine.call('enrol.save', { draft })
  if (saved.kind === 'refused') throw new Error(saved.message)
  return saved.person
}

const burst = (person: number) => [7, 8, 9].map((photograph) => frameOf({ person, photograph }))
const verify = (person: number, frames: ReturnType<typeof burst>): Promise<Verdict> =>
  engine.call('verify', { person, frames })

test('somebody enrolled is matched on other pictures than those enrolled', async () => {
  const ada = await enrolled('Ada', 1)
  const verdict = await verify(ada, burst(1))
  expect(verdict).toMatchObject({ kind: 'match', framesUsed: 3 })
  if (verdict.kind !== 'match') return
  expect(verdict.threshold).toMatchObject({ form: 'burst-template', distance: 0.7, wantedFmr: 1e-4 })
  expect(verdict.margin).toBeCloseTo(0.7 - verdict.distance, 12)
  expect(verdict.nearestPhotograph).toBeGreaterThan(0)
  expect(verdict.bestFrame.slice(0, 2)).toEqual(Uint8Array.of(0xff, 0xd8)) // a JPEG
})

test('the distance is that of the fused, unit-length means', async () => {
  const ada = await enrolled('Ada', 1)
  const verdict = await verify(ada, burst(1))
  const mean = (photographs: number[]) => {
    const sum = new Array<number>(128).fill(0)
    for (const photograph of photographs)
      embeddingOf(1, photograph).embedding.forEach((value, k) => (sum[k]! += value))
    const length = Math.hypot(...sum)
    return sum.map((value) => value / length)
  }
  const [probe, template] = [mean([7, 8, 9]), mean([1, 2, 3, 4, 5])]
  const expected = Math.hypot(...probe.map((value, k) => value - template[k]!))
  expect('distance' in verdict && verdict.distance).toBeCloseTo(expected, 5)
})

test('somebody else is refused, with how far beyond the threshold they are', async () => {
  const ada = await enrolled('Ada', 1)
  const verdict = await verify(ada, burst(2))
  expect(verdict).toMatchObject({ kind: 'no-match', failuresLeft: 4 })
  if (verdict.kind === 'no-match') expect(verdict.margin).toBeLessThan(0)
})

test('a single frame is judged by the threshold of photograph × template', async () => {
  const ada = await enrolled('Ada', 1)
  const verdict = await verify(ada, burst(1).slice(0, 1))
  expect(verdict).toMatchObject({ kind: 'match', threshold: { form: 'photograph-template', distance: 0.8 } })
})

test('swapping two forms on the card changes the decision, so that a swap in the code is seen', async () => {
  const [photograph, template, fused] = madeUpCard.forms as [Row, Row, Row]
  const far = { ...fused, operatingPoints: [{ fmr: 1e-4, threshold: 0.01, tmr: 1 }] }
  engine.close()
  engine = createEngine({ ...parts, card: { ...madeUpCard, forms: [photograph, template, far] } })
  const ada = await enrolled('Ada', 1)
  expect(await verify(ada, burst(1))).toMatchObject({ kind: 'no-match' })
  expect(await verify(ada, burst(1).slice(0, 1))).toMatchObject({ kind: 'match' })
})
type Row = (typeof madeUpCard.forms)[number]

describe('what cannot be judged is refused, and is no failure', () => {
  const refusals: [string, ReturnType<typeof frameOf>[], object][] = [
    ['no face', [frameOf({ person: 1, faces: 0 })], { kind: 'no-face' }],
    ['two faces', [frameOf({ person: 1, faces: 2 })], { kind: 'several-faces', faces: 2 }],
    [
      'two faces in one frame of three',
      [...burst(1).slice(0, 2), frameOf({ person: 1, faces: 2 })],
      { kind: 'several-faces', faces: 2 },
    ],
    [
      'frames of different people',
      [...burst(1).slice(0, 2), ...burst(2).slice(0, 2)],
      { kind: 'several-faces' },
    ],
    [
      'a blurred face',
      [frameOf({ person: 1, failing: 'Sharpness' })],
      { kind: 'poor-quality', measure: { component: 'Sharpness' }, message: 'mend Sharpness' },
    ],
  ]
  test.each(refusals)('%s', async (_name, frames, expected) => {
    const ada = await enrolled('Ada', 1)
    for (let i = 0; i < 6; i++) expect(await verify(ada, frames)).toMatchObject(expected)
    expect(await verify(ada, burst(1))).toMatchObject({ kind: 'match' })
  })

  test('an empty or blurred frame among good ones is left out', async () => {
    const ada = await enrolled('Ada', 1)
    const frames = [
      ...burst(1).slice(0, 2),
      frameOf({ person: 1, faces: 0 }),
      frameOf({ person: 1, failing: 'Sharpness' }),
    ]
    expect(await verify(ada, frames)).toMatchObject({ kind: 'match', framesUsed: 2 })
  })

  test('nobody of that number', async () => {
    expect(await verify(99, burst(1))).toMatchObject({ kind: 'not-enrolled' })
    expect(await engine.call('attempts', { limit: 1 })).toMatchObject([
      { outcome: 'not-enrolled', person: null, claim: 'person 99' },
    ])
  })
})

describe('lock-out', () => {
  test('five failures in a row lock for 30 s, the next failure for a minute', async () => {
    const ada = await enrolled('Ada', 1)
    for (let left = 4; left >= 0; left--)
      expect(await verify(ada, burst(2))).toMatchObject({ kind: 'no-match', failuresLeft: left })
    const until = parts.clock.ms + 30_000
    expect(await verify(ada, burst(1))).toMatchObject({ kind: 'locked-out', until })
    parts.clock.ms = until
    expect(await verify(ada, burst(2))).toMatchObject({ kind: 'no-match' })
    expect(await verify(ada, burst(1))).toMatchObject({ kind: 'locked-out', until: until + 60_000 })
  })

  test('a match in between starts the count anew', async () => {
    const ada = await enrolled('Ada', 1)
    for (let i = 0; i < 4; i++) await verify(ada, burst(2))
    await verify(ada, burst(1))
    for (let i = 0; i < 4; i++) await verify(ada, burst(2))
    expect(await verify(ada, burst(1))).toMatchObject({ kind: 'match' })
  })

  test('attempts during a lock do not lengthen it', async () => {
    const ada = await enrolled('Ada', 1)
    for (let i = 0; i < 5; i++) await verify(ada, burst(2))
    for (let i = 0; i < 20; i++) expect(await verify(ada, burst(2))).toMatchObject({ kind: 'locked-out' })
    parts.clock.ms += 30_000
    expect(await verify(ada, burst(1))).toMatchObject({ kind: 'match' })
  })

  test('another person stays open', async () => {
    const ada = await enrolled('Ada', 1)
    const bea = await enrolled('Bea', 2)
    for (let i = 0; i < 5; i++) await verify(ada, burst(3))
    expect(await verify(bea, burst(2))).toMatchObject({ kind: 'match' })
  })

  test('it survives a restart', async () => {
    const ada = await enrolled('Ada', 1)
    for (let i = 0; i < 5; i++) await verify(ada, burst(2))
    engine.close()
    parts.gallery.close()
    parts = await madeUpParts({ home: parts.home, clock: parts.clock })
    engine = createEngine(parts)
    expect(await verify(ada, burst(1))).toMatchObject({ kind: 'locked-out' })
  })

  test('transactions that race are counted one by one', async () => {
    const ada = await enrolled('Ada', 1)
    const verdicts = await Promise.all(Array.from({ length: 8 }, () => verify(ada, burst(2))))
    expect(verdicts.filter(({ kind }) => kind === 'no-match')).toHaveLength(5)
    expect(verdicts.filter(({ kind }) => kind === 'locked-out')).toHaveLength(3)
  })

  test('between the lock, the decision and its entry in the log no other process gets a word in', async () => {
    const ada = await enrolled('Ada', 1)
    const elsewhere = new DatabaseSync(join(parts.home, 'gallery.sqlite'), { timeout: 0 })
    const written: boolean[] = []
    const { gallery } = parts
    const template = gallery.template.bind(gallery)
    gallery.template = (...of) => {
      try {
        elsewhere.exec('BEGIN IMMEDIATE; ROLLBACK')
        written.push(true)
      } catch {
        written.push(false)
      }
      return template(...of)
    }
    expect(await verify(ada, burst(2))).toMatchObject({ kind: 'no-match', failuresLeft: 4 })
    expect(written).toEqual([false])
    elsewhere.exec('BEGIN IMMEDIATE; ROLLBACK') // and afterwards it may
    elsewhere.close()
  })

  test('two windows on one gallery share the five attempts', async () => {
    const ada = await enrolled('Ada', 1)
    const second = await madeUpParts({ home: parts.home, clock: parts.clock })
    const other = createEngine(second)
    const verdicts = await Promise.all(
      [engine, other, engine, other, engine, other, engine, other].map((each) =>
        each.call('verify', { person: ada, frames: burst(2) }),
      ),
    )
    other.close()
    second.gallery.close()
    expect(verdicts.filter(({ kind }) => kind === 'no-match')).toHaveLength(5)
  })

  test('a clock that is set back a year does not lock for a year', async () => {
    const ada = await enrolled('Ada', 1)
    for (let i = 0; i < 5; i++) await verify(ada, burst(2))
    parts.clock.ms -= 365 * 24 * 3600_000
    const until = parts.clock.ms + 30_000
    expect(await verify(ada, burst(1))).toMatchObject({ kind: 'locked-out', until })
    parts.clock.ms = until - 1
    expect(await verify(ada, burst(1))).toMatchObject({ kind: 'locked-out', until })
    parts.clock.ms = until
    expect(await verify(ada, burst(1))).toMatchObject({ kind: 'match' })
  })

  test('its limits are settings', async () => {
    await engine.call('settings.set', { failuresBeforeLockOut: 1, lockOutSeconds: 5 })
    const ada = await enrolled('Ada', 1)
    await verify(ada, burst(2))
    expect(await verify(ada, burst(1))).toMatchObject({ kind: 'locked-out', until: parts.clock.ms + 5000 })
  })
})

test('every attempt is in the audit log, newest first, with what it was judged by', async () => {
  const ada = await enrolled('Ada', 1)
  await verify(ada, burst(1))
  parts.clock.ms += 1000
  await verify(ada, [frameOf({ person: 1, faces: 0 })])
  const [newest, oldest] = await engine.call('attempts', { limit: 10 })
  expect(newest).toMatchObject({ claim: 'Ada', outcome: 'no-face', distance: null, threshold: null })
  expect(oldest).toMatchObject({ claim: 'Ada', outcome: 'match', threshold: 0.7, model: '1', person: ada })
})

test('somebody forgotten while frames are looked at is not enrolled', async () => {
  const ada = await enrolled('Ada', 1)
  const verdict = verify(ada, burst(1))
  await engine.call('person.forget', { person: ada, name: 'Ada' })
  expect(await verdict).toMatchObject({ kind: 'not-enrolled' })
})

describe('another version of the model', () => {
  test('a template is re-embedded from the kept crops before it is compared', async () => {
    const ada = await enrolled('Ada', 1)
    engine.close()
    engine = createEngine({ ...parts, model: { name: 'made-up', version: '2' } })
    expect(await verify(ada, burst(1))).toMatchObject({ kind: 'match' })
    expect(parts.gallery.template(ada, '2')).toMatchObject({ kind: 'template', template: { photographs: 5 } })
  })

  test('a crop that cannot be read any more is left out, and the rest goes on', async () => {
    const ada = await enrolled('Ada', 1)
    const broken = { crop: Buffer.from('89504e470d0a1a0a00', 'hex'), cropHash: 'broken', capturedAt: 1 }
    parts.gallery.addPhotograph(ada, {
      ...broken,
      ...{ source: 'file', view: null, quality: [], modelVersion: 'imported', ...embeddingOf(1, 3) },
    })
    const bea = await enrolled('Bea', 2)
    const next = { ...parts, model: { name: 'made-up', version: '2' } }
    expect(await reembed(next)).toEqual({ embedded: 10, withoutCrop: 1 })
    for (const person of [ada, bea])
      expect(parts.gallery.template(person, '2')).toMatchObject({ template: { photographs: 5 } })
  })

  test('without kept crops the person has to be enrolled again; nothing is compared across versions', async () => {
    await engine.call('settings.set', { keepCrops: false })
    const ada = await enrolled('Ada', 1)
    engine.close()
    engine = createEngine({ ...parts, model: { name: 'made-up', version: '2' } })
    expect(await verify(ada, burst(1))).toMatchObject({ kind: 'not-enrolled' })
  })
})

describe('this specification fails', () => {
  /** Whether Ada is matched and Bea is refused, with these embeddings. */
  async function holds(embedding: () => Float32Array): Promise<boolean> {
    const real = madeUpNetworks()
    const networks = {
      ...real,
      faces: async (...picture: Parameters<typeof real.faces>) =>
        (await real.faces(...picture)).map((face) => ({ ...face, embedding: embedding() })),
    }
    engine.close()
    engine = createEngine({ ...parts, vision: Promise.resolve(networks) })
    const ada = await enrolled('Ada', 1)
    const own = await verify(ada, burst(1))
    const other = await verify(ada, burst(2))
    return own.kind === 'match' && other.kind === 'no-match'
  }

  test('when the embedder is a constant', async () => {
    expect(await holds(() => embeddingOf(0, 0).embedding)).toBe(false)
  })

  test('when the embedder is noise', async () => {
    let next = 0
    expect(await holds(() => embeddingOf(next++ % 120, 0).embedding)).toBe(false)
  })
})
