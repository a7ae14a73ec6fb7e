import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createEngine, type Engine } from '../../src-main/engine.ts'
import type { Networks } from '../../src-main/engine/parts.ts'
import { frameOf, madeUpNetworks, madeUpParts } from './made-up-faces.ts'

const lastsMs = 20_000

let parts: Awaited<ReturnType<typeof madeUpParts>>
let engine: Engine
let looks: number
/** What the networks wait for before they look. */
let busy: Promise<void>

beforeEach(async () => {
  looks = 0
  busy = Promise.resolve()
  const networks = madeUpNetworks()
  const counting: Networks = {
    ...networks,
    faces: async (...of) => {
      looks++
      await busy
      return networks.faces(...of)
    },
  }
  parts = await madeUpParts({ vision: Promise.resolve(counting) })
  engine = createEngine(parts)
})
afterEach(() => {
  engine.close()
  parts.gallery.close()
})

async function enrolled(name: string, person: number): Promise<number> {
  const begun = await engine.call('enrol.begin', { name, consent: true })
  if (begun.kind === 'refused') throw new Error(begun.message)
  const { draft } = begun
  for (const view of ['front', 'left', 'right', 'up', 'down'] as const) {
    const yaw = { front: 0, left: 20, right: -20, up: 0, down: 0 }[view]
    const pitch = { front: 0, left: 0, right: 0, up: 20, down: -20 }[view]
    const frame = frameOf({ person, photograph: 1, pose: { roll: 0, yaw, pitch } })
    await engine.call('enrol.frame', { draft, view, frame })
  }
  const saved = await engine.call('enrol.save', { draft })
  if (saved.kind === 'refused') throw new Error(saved.message)
  looks = 0
  return saved.person
}

async function begun(person: number): Promise<string> {
  const opened = await engine.call('verify.begin', { person })
  if (opened.kind !== 'begun') throw new Error(opened.kind)
  return opened.burst
}

const frames = (person: number) => [7, 8, 9].map((photograph) => frameOf({ person, photograph }))

/** Begin, the frames without waiting in between, decide. */
async function transact(person: number, shown: ReturnType<typeof frames>) {
  const burst = await begun(person)
  const given = shown.map((frame) => engine.call('verify.frame', { burst, frame }))
  const verdict = await engine.call('verify.decide', { burst })
  expect(await Promise.all(given)).toEqual(shown.map(() => ({ kind: 'taken' })))
  return verdict
}

const logged = async () => (await engine.call('attempts', { limit: 1000 })).map(({ outcome }) => outcome)

describe('frames given one by one', () => {
  test.each([
    ['the same person', frames(1)],
    ['somebody else', frames(2)],
    ['nobody', [frameOf({ person: 1, faces: 0 })]],
    ['a second face in one frame', [...frames(1), frameOf({ person: 1, faces: 2 })]],
    ['another person in half of them', [...frames(1), ...frames(2)]],
    ['a blur', [frameOf({ person: 1, failing: 'Sharpness' })]],
    ['a blink among good ones', [...frames(1), frameOf({ person: 1, failing: 'Sharpness' })]],
  ])('are decided as when given together: %s', async (_name, shown) => {
    const ada = await enrolled('Ada', 1)
    const together = await engine.call('verify', { person: ada, frames: shown })
    const oneByOne = await transact(ada, shown)
    // The second failure leaves one less, and each attempt has its number: the rest is the same to the last digit.
    const { attempt: _a, failuresLeft: _b, ...first } = together as unknown as Record<string, unknown>
    const { attempt: _c, failuresLeft: _d, ...second } = oneByOne as unknown as Record<string, unknown>
    expect(second).toEqual(first)
    expect(await logged()).toEqual([oneByOne.kind, together.kind])
  })

  test('tell nothing of what they show, and nothing is logged before the decision', async () => {
    const ada = await enrolled('Ada', 1)
    for (const frame of [frameOf({ person: 2 }), frameOf({ person: 1 }), frameOf({ person: 1, faces: 0 })])
      expect(await engine.call('verify.frame', { burst: await begun(ada), frame })).toEqual({ kind: 'taken' })
    expect(await logged()).toEqual([])
  })

  test('are looked at as they come', async () => {
    const ada = await enrolled('Ada', 1)
    const burst = await begun(ada)
    for (const [i, frame] of frames(1).entries()) {
      await engine.call('verify.frame', { burst, frame })
      expect(looks).toBe(i + 1)
    }
    expect(await engine.call('verify.decide', { burst })).toMatchObject({ kind: 'match', framesUsed: 3 })
    expect(looks).toBe(3)
  })

  test('are no longer looked at once a second face was seen: nothing can change the outcome', async () => {
    const ada = await enrolled('Ada', 1)
    expect(await transact(ada, [frameOf({ person: 1, faces: 2 }), ...frames(1)])).toMatchObject({
      kind: 'several-faces',
    })
    expect(looks).toBe(1)
  })
})

describe('one transaction is one entry in the audit log', () => {
  test('a burst is decided once', async () => {
    const ada = await enrolled('Ada', 1)
    const burst = await begun(ada)
    await engine.call('verify.frame', { burst, frame: frameOf({ person: 1 }) })
    const both = await Promise.all([
      engine.call('verify.decide', { burst }),
      engine.call('verify.decide', { burst }),
    ])
    expect(both.map(({ kind }) => kind)).toEqual(['match', 'refused'])
    expect(await engine.call('verify.frame', { burst, frame: frameOf({ person: 1 }) })).toMatchObject({
      reason: 'no-such-burst',
    })
    expect(await logged()).toEqual(['match'])
  })

  test('a page that goes away in the middle leaves no half attempt and no failure', async () => {
    const ada = await enrolled('Ada', 1)
    for (let i = 0; i < 20; i++)
      await engine.call('verify.frame', { burst: await begun(ada), frame: frameOf({ person: 2 }) })
    expect(await logged()).toEqual([])
    expect(await transact(ada, frames(1))).toMatchObject({ kind: 'match' })
  })

  test('a burst is of one moment: it cannot be come back to later', async () => {
    const ada = await enrolled('Ada', 1)
    const burst = await begun(ada)
    await engine.call('verify.frame', { burst, frame: frameOf({ person: 1 }) })
    parts.clock.ms += lastsMs + 1
    expect(await engine.call('verify.decide', { burst })).toMatchObject({ reason: 'no-such-burst' })
    expect(await logged()).toEqual([])
  })

  test('a machine that is slow leaves no frame out of a burst whose decision was asked for in time', async () => {
    const ada = await enrolled('Ada', 1)
    const burst = await begun(ada)
    let goOn = () => {}
    busy = new Promise((resolve) => (goOn = resolve))
    const given = [...frames(1), frameOf({ person: 1, faces: 2 })].map((frame) =>
      engine.call('verify.frame', { burst, frame }),
    )
    const verdict = engine.call('verify.decide', { burst })
    parts.clock.ms += lastsMs + 1
    goOn()
    expect(await verdict).toMatchObject({ kind: 'several-faces' })
    expect(await Promise.all(given)).toHaveLength(4)
    expect(looks).toBe(4)
  })

  test('frames of a burst that made room for others are not looked at any more', async () => {
    const ada = await enrolled('Ada', 1)
    let goOn = () => {}
    busy = new Promise((resolve) => (goOn = resolve))
    const given: Promise<unknown>[] = []
    for (let i = 0; i < 20; i++) {
      const burst = await begun(ada)
      for (const frame of frames(2)) given.push(engine.call('verify.frame', { burst, frame }))
    }
    await new Promise((resolve) => setTimeout(resolve))
    goOn()
    await Promise.all(given)
    // Each was looking at its first frame; the eight that are open look at the other two as well.
    expect(looks).toBe(20 + 8 * 2)
    expect(await logged()).toEqual([])
  })

  test('a burst holds as many frames as `verify` takes', async () => {
    const burst = await begun(await enrolled('Ada', 1))
    for (let i = 0; i < 12; i++)
      await engine.call('verify.frame', { burst, frame: frameOf({ person: 1, photograph: i }) })
    expect(await engine.call('verify.frame', { burst, frame: frameOf({ person: 1 }) })).toMatchObject({
      reason: 'too-many-frames',
    })
    expect(looks).toBe(12)
  })

  test('a lock is told at the beginning, before a frame is looked at, and logged once', async () => {
    const ada = await enrolled('Ada', 1)
    for (let i = 0; i < 5; i++) await transact(ada, frames(2))
    expect(await engine.call('verify.begin', { person: ada })).toMatchObject({ kind: 'locked-out' })
    expect((await logged())[0]).toBe('locked-out')
    expect(await logged()).toHaveLength(6)
  })

  test('bursts begun before a lock do not pass it: failures count at the decision', async () => {
    const ada = await enrolled('Ada', 1)
    const bursts: string[] = []
    for (let i = 0; i < 8; i++) bursts.push(await begun(ada))
    for (const burst of bursts) await engine.call('verify.frame', { burst, frame: frameOf({ person: 2 }) })
    const kinds: string[] = []
    for (const burst of bursts) kinds.push((await engine.call('verify.decide', { burst })).kind)
    expect(kinds).toEqual([...Array<string>(5).fill('no-match'), ...Array<string>(3).fill('locked-out')])
  })

  test('somebody who is not enrolled is told so at the beginning', async () => {
    expect(await engine.call('verify.begin', { person: 99 })).toMatchObject({ kind: 'not-enrolled' })
    expect(await logged()).toEqual(['not-enrolled'])
  })

  test('somebody forgotten during the burst is not enrolled any more', async () => {
    const ada = await enrolled('Ada', 1)
    const burst = await begun(ada)
    await engine.call('verify.frame', { burst, frame: frameOf({ person: 1 }) })
    await engine.call('person.forget', { person: ada, name: 'Ada' })
    expect(await engine.call('verify.decide', { burst })).toMatchObject({ kind: 'not-enrolled' })
  })
})

test('an embedding is computed of good faces alone', async () => {
  const embedded: number[] = []
  const networks = madeUpNetworks()
  engine.close()
  parts.vision = Promise.resolve({
    ...networks,
    embed: (crop) => {
      embedded.push(crop.rgb[1]!)
      return networks.embed(crop)
    },
  })
  engine = createEngine(parts)
  const ada = await enrolled('Ada', 1)
  await transact(ada, [
    frameOf({ person: 1, photograph: 7 }),
    frameOf({ person: 1, photograph: 8, failing: 'Luminance' }),
    frameOf({ person: 1, photograph: 9 }),
  ])
  expect(embedded).toEqual([7, 9])
})
