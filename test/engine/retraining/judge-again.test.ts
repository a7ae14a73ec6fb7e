import * as tf from '@tensorflow/tfjs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CandidateReport } from '../../../src-main/contract.ts'
import type { CandidateReport as KeptReport } from '../../../src-main/training/gallery-run/retrain-gallery.ts'
import { gathered } from '../../../src-main/training/gallery-run/people/gallery-photographs.ts'
import type { Card } from '../../../src-main/training/gallery-run/judging/candidate-card.ts'
import { readPretrainedHead, upToDate } from '../../../src-main/engine/model-in-use.ts'
import { readOnce } from '../../../src-main/engine/retraining/embeddings-under.ts'
import { galleryRunOf } from '../../../src-main/engine/retraining/gallery-run.ts'
import { judgeAgain, photographsThatTrained } from '../../../src-main/engine/retraining/judge-again.ts'
import type { NewModelVersion } from '../../../src-main/gallery/versions.ts'
import { applyHead, identityHead } from '../../../src-main/training/gallery-run/head/head.ts'
import type { Line } from '../../../src-main/training/gate/line.ts'
import { cropOf, hashOf, photographOf, unitVectorOf } from '../../gallery/made-up.ts'
import { copied, drawnGallery, openEngine, twoStepHead } from './drawn-gallery.ts'
import { pool, said } from './made-up-lines.ts'

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

/** People who judge, with one photograph each, which each model can read or none. */
function visitors(people: number, { readable = true } = {}): number {
  const { gallery } = open.parts
  const cohort = gallery.cohorts.add('Visitors')
  for (let stranger = 1; stranger <= people; stranger++) {
    const seed = readable ? stranger : 1e4 + stranger
    const [crop, embedding] = [cropOf(seed), unitVectorOf(seed, 128)]
    const cropHash = hashOf(crop)
    const modelVersion = readable ? '1' : 'of another release'
    gallery.cohorts.addStranger(cohort, { stranger, crop, cropHash, modelVersion, embedding })
  }
  return cohort
}

/** Another photograph of somebody, taken at a time. */
function added(person: number, seed: number, capturedAt: number, { hasCrop = false } = {}): number {
  const { gallery } = open.parts
  const [like] = gallery.embeddings('1', person)
  const photograph = photographOf(seed, {
    modelVersion: '1',
    embedding: like!.embedding,
    ...(!hasCrop && { crop: null }),
  })
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

let models = 0 // each has other numbers, and the same directions
/** Another candidate of the same run, whose report says these lines. */
function candidateSaying(
  lines: Line[],
  { saying = {}, ...changes }: Partial<NewModelVersion> & { saying?: Partial<KeptReport> } = {},
): void {
  const { gallery } = open.parts
  const described = gallery.models.version(version)!
  const scale = 1 + ++models / 100
  const head = identityHead(128).map((value) => scale * value)
  const report = { ...(described.report as object), lines, ...saying }
  const added = gallery.models.add({
    ...described,
    head,
    verdict: 'reject',
    report,
    ...changes,
  })
  if (added.kind === 'refused') throw new Error(added.message)
  version = added.version
}

test('what its run found worse and nobody can measure again still speaks against it', async () => {
  visitors(20)
  const fine = [said('health', 'not-worse'), said('parity', 'not-worse')]
  const folds = 'people left out of training, fold by fold'
  // What is measured again, and a forecast where people judge now, says nothing any more.
  candidateSaying([
    ...fine,
    said('gallery', 'worse'),
    ...pool('people imported as strangers', 'worse').slice(0, 3),
    ...pool('virtual strangers (a forecast: there is no cohort)', 'worse'),
    said('people', 'worse'),
  ])
  await again()
  expect(await report()).toMatchObject({
    failed: null,
    sentence: expect.stringContaining('nothing got worse'),
  })

  candidateSaying([said('health', 'worse'), fine[1]!, ...pool(folds, 'worse')])
  expect(await again()).toMatchObject({
    kind: 'judged',
    verdict: 'reject',
    sentence:
      'Rejected: health. Said by the run that made it, and not to be measured again here: health was worse.',
  })
  const { lines, failed } = await report()
  expect(failed).toBe('health')
  expect(lines.filter(({ outcome }) => outcome === 'worse').map(({ id }) => id)).toEqual([
    'health',
    'gallery-by-strangers',
    'strangers',
    'separation',
    'among-strangers',
  ])
}, 60_000)

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

test('who judges is counted after both models have looked: whom neither can read is nobody', async () => {
  visitors(15)
  visitors(5, { readable: false })
  expect(await again()).toMatchObject({
    reason: 'no-judges',
    message: expect.stringContaining('strangers 15 may'),
  })
}, 60_000)

test('virtual strangers judge again only what rested on them alone', async () => {
  candidateSaying([said('parity', 'not-worse'), ...pool('people imported as strangers', 'worse')])
  expect(await again()).toMatchObject({ reason: 'no-judges' })
  candidateSaying([said('parity', 'not-worse'), ...pool('virtual strangers (a forecast: nobody)', 'worse')])
  expect(await again()).toMatchObject({ kind: 'judged' })
}, 60_000)

test('its thresholds become no laxer than those that the run read from others', async () => {
  visitors(20)
  const { card } = open.parts
  const by = (factor: number): Card => ({
    ...card,
    forms: card.forms.map((form) => ({
      ...form,
      operatingPoints: form.operatingPoints.map((point) => ({
        ...point,
        threshold: factor * point.threshold,
      })),
    })),
  })
  const lines = [said('parity', 'not-worse')]
  const { before } = (open.parts.gallery.models.version(version)!.report as KeptReport).threshold
  const made = async (factor: number) => {
    candidateSaying(lines, { saying: { threshold: { before, after: factor * before } }, card: by(factor) })
    await again()
    const { report, card } = open.parts.gallery.models.version(version)!
    return { after: (report as KeptReport).threshold.after, forms: (card as Card).forms }
  }
  const strict = await made(0.5)
  expect(strict.after).toBeCloseTo(0.5 * before, 12)
  expect(strict.forms.map(({ operatingPoints }) => operatingPoints)).toEqual(
    by(0.5).forms.map(({ operatingPoints }) => operatingPoints),
  )
  // A head that changes no direction moves nothing: what the run said more laxly is not taken.
  expect((await made(1.5)).after).toBeCloseTo(before, 3)
}, 120_000)

test('what was trained as a network is judged by those whom its run spared', async () => {
  const { gallery } = open.parts
  for (const [i, { person }] of gallery.people().entries())
    for (let k = 0; k < 3; k++) added(person, 100 * i + k + 1000, 1000 + k, { hasCrop: true })
  gallery.cohorts.setMayTrain(visitors(100), true)
  const described = gallery.models.version(version)!
  const trainedOn = { ...described.trainedOn, hash: gathered({ gallery, version: '1' }, 'stage').hash }
  candidateSaying([said('parity', 'not-worse')], {
    trainedOn,
    recipe: { ...(described.recipe as object), depth: 'stage' },
  })
  expect(await again()).toMatchObject({ kind: 'judged' })
  const strangers = (await report()).lines.find(({ id }) => id === 'strangers')!
  expect(strangers.sentence).toMatch(/^Of 120 comparisons/) // a fifth of them against six templates
}, 120_000)

test('where it cannot be told what trained it, the refusal says why', async () => {
  visitors(20)
  candidateSaying([], { parent: 'deleted' })
  expect(await again()).toMatchObject({
    message: expect.stringMatching(/^The model that it was trained from has been deleted/),
  })
  candidateSaying([], {
    saying: { cameFrom: 'gallery-file' },
    trainedOn: { ...open.parts.gallery.models.version(version)!.trainedOn, hash: 'of others' },
  })
  expect(await again()).toMatchObject({
    reason: 'unknown-training',
    message: expect.stringMatching(/^It came with a gallery file.*export the model itself where/),
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
