import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { calls, type CallName, type Reply } from '../../src-main/contract.ts'
import { createEngine, type Engine } from '../../src-main/engine.ts'
import { dispatch } from '../../src-main/engine/dispatch.ts'
import { troubleBehind } from '../../src-main/engine/trouble.ts'
import { ModelRefused } from '../../src-main/onnx/model-store.ts'
import { frameOf, madeUpParts } from '../engine/made-up-faces.ts'

let parts: Awaited<ReturnType<typeof madeUpParts>>
let engine: Engine

beforeAll(async () => {
  parts = await madeUpParts()
  engine = createEngine(parts)
})
afterAll(() => {
  engine.close()
  parts.gallery.close()
})

const names = Object.keys(calls) as CallName[]

/** The reply of a request, whose number it must carry. */
async function answer(call: string, takes: unknown): Promise<Exclude<Reply, { event: string }>> {
  const reply = await dispatch(engine, { id: 7, call, takes })
  if ('event' in reply || reply.id !== 7) throw new Error(`not an answer: ${JSON.stringify(reply)}`)
  return reply
}

const isReply = (reply: Reply) => 'id' in reply && ('gives' in reply || 'fault' in reply)

describe('whatever arrives, a reply goes back', () => {
  test('to anything at all', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.anything({ withBigInt: true, withDate: true, withTypedArray: true }),
        async (request) => {
          expect(isReply(await dispatch(engine, request))).toBe(true)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('to any arguments of any call', async () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(NaN, Infinity, -0, 2 ** 53, undefined, null, '', '../..', '\u0000', '__proto__'),
      fc.uint8Array({ maxLength: 64 }),
    )
    const takes = fc.oneof(
      value,
      fc.dictionary(
        fc.constantFrom('person', 'name', 'draft', 'photograph', 'frame', 'limit', 'job', 'view'),
        value,
      ),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), takes, async (call, takes) => {
        expect(isReply(await dispatch(engine, { id: 1, call, takes }))).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('to any call that there is not, by its name', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string(), fc.constantFrom('constructor', '__proto__', 'toString', 'hasOwnProperty')),
        async (call) => {
          fc.pre(!names.includes(call as CallName))
          expect(await answer(call, {})).toMatchObject({ fault: { kind: 'unknown-call' } })
        },
      ),
    )
  })

  test.each([null, undefined, 7, 'status', [], {}, { id: 'x', call: 'status' }, { id: NaN, call: 'status' }])(
    'to %j, which is no request, under number −1',
    async (request) => {
      expect(await dispatch(engine, request)).toMatchObject({ id: -1, fault: { kind: 'bad-arguments' } })
    },
  )

  test('when the work inside fails: with its sentence, and the engine goes on', async () => {
    const failing = { call: async () => Promise.reject(new Error('the disk is on fire')) }
    expect(await dispatch(failing, { id: 3, call: 'status', takes: {} })).toEqual({
      id: 3,
      fault: { kind: 'fault', message: 'the disk is on fire' },
    })
    expect(await answer('status', {})).toHaveProperty('gives')
  })
})

describe('frames are checked at the door', () => {
  const frame = frameOf({ person: 1 })
  const wrong: [string, unknown][] = [
    ['too few bytes', { ...frame, rgba: frame.rgba.subarray(1) }],
    ['too many bytes', { ...frame, rgba: new Uint8Array(frame.rgba.length + 1) }],
    ['a width of NaN', { ...frame, width: NaN }],
    ['a width of zero', { width: 0, height: 0, rgba: new Uint8Array(0) }],
    ['a negative height', { ...frame, height: -16 }],
    ['half a pixel', { ...frame, width: 15.5 }],
    ['20,000 × 20,000', { width: 20_000, height: 20_000, rgba: frame.rgba }],
    ['numbers instead of bytes', { ...frame, rgba: new Float32Array(frame.rgba.length).fill(NaN) }],
    ['a list instead of bytes', { ...frame, rgba: Array.from(frame.rgba) }],
    ['nothing', null],
  ]
  test.each(wrong)('%s is refused', async (_what, broken) => {
    expect(await answer('preview', { frame: broken })).toMatchObject({ fault: { kind: 'bad-arguments' } })
    expect(await answer('verify', { person: 1, frames: [frame, broken] })).toMatchObject({
      fault: { kind: 'bad-arguments' },
    })
  })

  test('a burst of none and a burst of thirteen are refused', async () => {
    for (const frames of [[], Array(13).fill(frame)])
      expect(await answer('verify', { person: 1, frames })).toMatchObject({
        fault: { kind: 'bad-arguments' },
      })
  })

  test('the complaint names the place, never the value', async () => {
    const reply = await answer('enrol.begin', { name: 5, consent: true, secret: 'swordfish' })
    expect(reply).toEqual({ id: 7, fault: { kind: 'bad-arguments', message: 'name: string is expected' } })
    const short = await answer('gallery.export', { passphrase: 'tuna' })
    expect(JSON.stringify(short)).not.toContain('tuna')
  })
})

test('consent is asked for: without it nobody is enrolled', async () => {
  expect(await answer('enrol.begin', { name: 'Ada', consent: false })).toHaveProperty('fault')
  expect(await answer('enrol.begin', { name: 'Ada' })).toHaveProperty('fault')
})

test('a call that takes nothing may be given nothing', async () => {
  expect(await dispatch(engine, { id: 1, call: 'people' })).toEqual({ id: 1, gives: [] })
})

test('settings keep their limits', async () => {
  for (const takes of [{ wantedFmr: NaN }, { wantedFmr: 1 }, { photographsPerPerson: 0 }, { theme: 'pink' }])
    expect(await answer('settings.set', takes)).toMatchObject({ fault: { kind: 'bad-arguments' } })
  expect(await answer('settings.set', { theme: 'dark' })).toMatchObject({ gives: { theme: 'dark' } })
})

test('a model that was altered is told by its name', async () => {
  const altered = {
    call: async () => Promise.reject(new ModelRefused('The model "face-recognition" is altered.')),
  }
  expect(
    await dispatch(altered, { id: 3, call: 'preview', takes: { frame: frameOf({ person: 1 }) } }),
  ).toEqual({
    id: 3,
    fault: { kind: 'fault', message: 'The model "face-recognition" is altered.' },
  })
  expect(troubleBehind(new ModelRefused('altered'))).toMatchObject({
    kind: 'refused',
    reason: 'model-refused',
  })
  expect(troubleBehind(new TypeError('a fault of ours'))).toBeNull()
})
