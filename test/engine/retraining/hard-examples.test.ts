import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PersonId, Verdict } from '../../../src-main/contract.ts'
import { createEngine, type Engine } from '../../../src-main/engine.ts'
import { retrainingCalls } from '../../../src-main/engine/retraining/calls.ts'
import { embedHardExamples } from '../../../src-main/engine/retraining/hard-examples.ts'
import { readPicture } from '../../../src-main/vision/read-picture.ts'
import { frameOf, madeUpParts, pngOf } from '../made-up-faces.ts'
import { started } from './drawn-gallery.ts'

let parts: Awaited<ReturnType<typeof madeUpParts>>
let engine: Engine
let ada: PersonId

beforeEach(async () => {
  parts = await madeUpParts()
  engine = createEngine(parts, retrainingCalls(started))
  const begun = await engine.call('enrol.begin', { name: 'Ada', consent: true })
  if (begun.kind === 'refused') throw new Error(begun.message)
  for (const photograph of [1, 2, 3])
    await engine.call('enrol.file', {
      draft: begun.draft,
      fileName: 'a.png',
      bytes: await pngOf({ person: 1, photograph }),
    })
  const saved = await engine.call('enrol.save', { draft: begun.draft })
  if (saved.kind === 'refused') throw new Error(saved.message)
  ada = saved.person
})
afterEach(() => {
  engine.close()
  parts.gallery.close()
})

async function attemptOf(person: number): Promise<{ attempt: number; verdict: Verdict }> {
  const frames = [frameOf({ person, photograph: 4 }), frameOf({ person, photograph: 9 })]
  const verdict = await engine.call('verify', { person: ada, frames })
  if (verdict.kind !== 'match' && verdict.kind !== 'no-match') throw new Error(verdict.kind)
  return { attempt: verdict.attempt, verdict }
}

test('a wrong acceptance and a wrong refusal are kept with the best frame of their transaction', async () => {
  const accepted = await attemptOf(1)
  const refused = await attemptOf(40)
  expect([accepted.verdict.kind, refused.verdict.kind]).toEqual(['match', 'no-match'])
  const changes: string[] = []
  engine.on('gallery-changed', () => changes.push('changed'))
  expect(await engine.call('hard-example.keep', { attempt: accepted.attempt, consent: true })).toEqual({
    kind: 'kept',
    id: 1,
  })
  expect(await engine.call('hard-example.keep', { attempt: refused.attempt, consent: true })).toMatchObject({
    id: 2,
  })
  expect(changes).toHaveLength(2)
  // The activity offers the same for as long as the picture is held.
  const listed = await engine.call('attempts', { limit: 2 })
  expect(listed.map(({ pictureUntil }) => pictureUntil! > parts.now())).toEqual([true, true])
  expect(await engine.call('hard-example.list', {})).toMatchObject([
    { id: 1, kind: 'not-them', person: ada, name: 'Ada' },
    { id: 2, kind: 'them', person: ada },
  ])
  const picture = await engine.call('hard-example.picture', { id: 2 })
  if (picture.kind === 'refused') throw new Error(picture.message)
  const read = await readPicture(picture.jpeg, 'a.jpg')
  expect(read).toMatchObject({ kind: 'picture', picture: { width: 256, height: 256 } })
  // The sharper frame is the ninth photograph.
  const [kept] = parts.gallery.hardExamples.embeddings('1')
  expect(kept!.embedding[10]).toBeGreaterThan(0)
})

test('the same one is kept once, and dropped', async () => {
  const { attempt } = await attemptOf(40)
  await engine.call('hard-example.keep', { attempt, consent: true })
  expect(await engine.call('hard-example.keep', { attempt, consent: true })).toMatchObject({
    reason: 'same-photograph',
  })
  expect(await engine.call('hard-example.drop', { id: 1 })).toEqual({ kind: 'dropped' })
  expect(await engine.call('hard-example.picture', { id: 1 })).toMatchObject({ reason: 'no-such-example' })
})

test('after five minutes nothing is left of a transaction to be kept', async () => {
  const { attempt } = await attemptOf(40)
  parts.clock.ms += 5 * 60_000
  expect(await engine.call('hard-example.keep', { attempt, consent: true })).toMatchObject({
    kind: 'refused',
    reason: 'too-late',
  })
})

test('of many transactions the last eight are remembered', async () => {
  const first = await attemptOf(1)
  let last = first
  for (let i = 0; i < 8; i++) last = await attemptOf(1)
  expect(await engine.call('hard-example.keep', { attempt: first.attempt, consent: true })).toMatchObject({
    reason: 'too-late',
  })
  expect(await engine.call('hard-example.keep', { attempt: last.attempt, consent: true })).toMatchObject({
    kind: 'kept',
  })
})

test('a person who is forgotten takes them along, kept or not', async () => {
  const { attempt } = await attemptOf(40)
  await engine.call('hard-example.keep', { attempt, consent: true })
  const later = await attemptOf(41)
  await engine.call('person.forget', { person: ada, name: 'Ada' })
  expect(await engine.call('hard-example.list', {})).toEqual([])
  expect(await engine.call('hard-example.keep', { attempt: later.attempt, consent: true })).toMatchObject({
    reason: 'not-enrolled',
  })
})

test('another model reads them anew from their crops', async () => {
  const { attempt } = await attemptOf(40)
  await engine.call('hard-example.keep', { attempt, consent: true })
  const other = { ...parts, model: { name: 'made-up', version: '2' } }
  await embedHardExamples(other)
  const [again] = parts.gallery.hardExamples.embeddings('2')
  const [before] = parts.gallery.hardExamples.embeddings('1')
  expect(again!.embedding).toEqual(before!.embedding) // the made-up networks know one way of seeing
})
