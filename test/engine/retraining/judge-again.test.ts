import * as tf from '@tensorflow/tfjs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CandidateReport } from '../../../src-main/contract.ts'
import { readPretrainedHead, upToDate } from '../../../src-main/engine/model-in-use.ts'
import { readOnce } from '../../../src-main/engine/retraining/embeddings-under.ts'
import { galleryRunOf } from '../../../src-main/engine/retraining/gallery-run.ts'
import { judgeAgain, photographsThatTrained } from '../../../src-main/engine/retraining/judge-again.ts'
import { applyHead } from '../../../src-main/training/gallery-run/head/head.ts'
import { cropOf, hashOf, photographOf, unitVectorOf } from '../../gallery/made-up.ts'
import { copied, drawnGallery, openEngine, twoStepHead } from './drawn-gallery.ts'

/** Six people of six photographs and a candidate of two steps, judged by folds: made once. */
const made = (async () => {
  await tf.setBackend('cpu')
  const home = await drawnGallery({ people: 6 })
  const { engine, parts } = await openEngine(home)
  const version = await twoStepHead({ ...(await galleryRunOf(parts)), strangersModel: null })
  engine.close()
  parts.gallery.close()
  return { home, version }
})()

let open: Awaited<ReturnType<typeof openEngine>>
let version: string
beforeEach(async () => {
  const { home, version: candidate } = await made
  version = candidate
  open = await openEngine(copied(home))
}, 120_000)
afterEach(() => {
  open.engine.close()
  open.parts.gallery.close()
})

/** People who judge, with one photograph each. */
function visitors(people: number): void {
  const { gallery } = open.parts
  const cohort = gallery.cohorts.add('Visitors')
  for (let stranger = 1; stranger <= people; stranger++) {
    const [crop, embedding] = [cropOf(stranger), unitVectorOf(stranger, 128)]
    const cropHash = hashOf(crop)
    gallery.cohorts.addStranger(cohort, { stranger, crop, cropHash, modelVersion: '1', embedding })
  }
}

/** Another photograph of somebody, taken at a time. */
function added(person: number, seed: number, capturedAt: number): number {
  const { gallery } = open.parts
  const [like] = gallery.embeddings('1', person)
  const photograph = photographOf(seed, { modelVersion: '1', embedding: like!.embedding, crop: null })
  const outcome = gallery.addPhotograph(person, { ...photograph, capturedAt })
  if (outcome.kind === 'refused') throw new Error(outcome.message)
  return gallery.photographs(person).at(-1)!.photograph
}

/** As the engine does it; the pre-trained net's last layer is read once for all tests. */
const again = () => judgeAgain(upToDate(open.parts), version, job, lastLayer)
const job = { signal: new AbortController().signal, progress: () => {} }
const lastLayer = readOnce(readPretrainedHead)
async function report(): Promise<CandidateReport> {
  const gives = await open.engine.call('models.report', { version })
  if (gives.kind === 'refused') throw new Error(gives.message)
  return gives
}

test('a candidate is judged again by people imported since, with its numbers as they were, and says when', async () => {
  const first = await report()
  expect(first.judgedAgainAt).toBe(null)
  visitors(20)
  const head = open.parts.gallery.models.head(version)
  const before = Date.now()
  expect(await open.engine.call('models.judge-again', { version })).toMatchObject({ kind: 'judged', version })
  const second = await report()
  expect(second.judgedAgainAt).toBeGreaterThanOrEqual(before)
  const strangers = second.lines.filter(({ id }) => id === 'strangers')
  expect(strangers.map(({ sentence }) => sentence.split(',')[0])).toEqual([
    'Of 120 comparisons with people imported as strangers', // twenty against six templates
  ])
  expect(second.lines.find(({ id }) => id === 'parity')).toEqual(
    first.lines.find(({ id }) => id === 'parity'),
  )
  expect(second.model).toMatchObject({ name: first.model.name, inUse: false })
  expect(second.model.retrained).toMatchObject({
    madeAt: first.model.retrained!.madeAt,
    dataHash: first.model.retrained!.dataHash,
  })
  expect(open.parts.gallery.models.head(version)).toEqual(head)
  // By hand: everybody's own newest photograph, of six, against the mean of the other five.
  expect(second.lines.find(({ id }) => id === 'gallery')!.sentence).toContain('of 6 held-out comparisons')
}, 120_000) // it loads TensorFlow.js twice, and a busy machine is slow at that

test('after another came into use it is judged against that one, and may be promoted in its place', async () => {
  visitors(20)
  const { gallery } = open.parts
  const numbers = gallery.models.head(version)!
  const described = gallery.models.version(version)!
  const other = gallery.models.add({
    ...described,
    verdict: 'promote',
    head: numbers.map((each) => each * 1.01),
  })
  if (other.kind === 'refused') throw new Error(other.message)
  const promoted = await open.engine.call('models.promote', { version: other.version })
  expect(promoted.kind).toBe('promoted')
  const refusal = () => gallery.models.promotionRefusal(version, { evenIfRejected: true })?.reason
  expect(refusal()).toBe('judged-against-another')
  expect((await again()).kind).toBe('judged')
  expect(gallery.models.version(version)!.judgedAgainst).toBe(other.version)
  expect(refusal()).toBeUndefined()
})

test('what trained it does not judge it, though older photographs have come since', async () => {
  const { gallery } = open.parts
  const described = gallery.models.version(version)!
  const [ada] = gallery.people()
  const own = gallery.photographs(ada!.person).map(({ photograph }) => photograph)
  const trained = () => photographsThatTrained(open.parts, described)!
  expect(own.map((photograph) => trained().has(photograph))).toEqual([true, true, true, true, true, false])
  visitors(20)
  // Eight that are older than all: the newest four of fourteen are three that trained it, and the one held out then.
  for (let i = 0; i < 8; i++) added(ada!.person, 500 + i, 1000 + i)
  expect(trained().size).toBe(30)
  await again()
  const { lines } = await report()
  expect(lines.find(({ id }) => id === 'gallery')!.sentence).toContain('of 6 held-out comparisons')
})

test('where a photograph that trained it is gone, nobody can tell which ones did: refused, and nothing is changed', async () => {
  visitors(20)
  const { gallery } = open.parts
  const before = await report()
  gallery.forget(gallery.people()[0]!.person)
  expect(await again()).toMatchObject({ kind: 'refused', reason: 'unknown-training' })
  expect((await report()).lines).toEqual(before.lines)
})

test('virtual strangers alone do not undo what people who were left out of its trainings said', async () => {
  visitors(19)
  expect(await again()).toMatchObject({
    kind: 'refused',
    reason: 'no-judges',
    message: expect.stringContaining('19 may judge it, and 20 are needed'),
  })
})

test('the model in use and the pre-trained one are no candidates', async () => {
  visitors(20)
  expect(await open.engine.call('models.judge-again', { version: '1' })).toMatchObject({
    reason: 'pre-trained',
  })
  expect(await open.engine.call('models.judge-again', { version: 'nothing' })).toMatchObject({
    reason: 'no-such-model',
  })
  open.parts.gallery.models.promote(
    version,
    (_, [seen]) => ({
      ...seen!,
      modelVersion: version,
      embedding: applyHead(seen!.embedding, open.parts.gallery.models.head(version)!),
    }),
    { evenIfRejected: true },
  )
  expect(await again()).toMatchObject({ reason: 'in-use' })
})
