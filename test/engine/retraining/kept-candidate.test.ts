import * as tf from '@tensorflow/tfjs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { galleryRunOf } from '../../../src-main/engine/retraining/gallery-run.ts'
import { modelSummary } from '../../../src-main/engine/retraining/model-list.ts'
import { usualWish } from '../../../src-main/engine/retraining/options.ts'
import type { NewModelVersion } from '../../../src-main/gallery/versions.ts'
import { cropOf, hashOf, unitVectorOf, madeVersion } from '../../gallery/made-up.ts'
import { madeUpCard } from '../made-up-faces.ts'
import { drawnGallery, openEngine, twoStepHead } from './drawn-gallery.ts'

let open: Awaited<ReturnType<typeof openEngine>>
beforeEach(async () => {
  await tf.setBackend('cpu')
  open = await openEngine(await drawnGallery({ people: 4 })) // too few for folds: one training is a run
})
afterEach(() => {
  open.engine.close()
  open.parts.gallery.close()
})

// Without virtual strangers, whose drawing takes seconds.
const retrained = async (onKept: (version: string) => void) =>
  twoStepHead({ ...(await galleryRunOf(open.parts)), strangersModel: null }, onKept)

/** A run as it stands in the gallery, begun now. */
function begun(): number {
  const run = open.parts.gallery.runs.begin(
    1,
    {
      startedFrom: 'page',
      wish: usualWish,
      device: 'CPU',
      why: '',
      stage: { run: 0, runs: 0, what: '' },
      step: 0,
      steps: 0,
      imagesPerSecond: null,
      remainingMs: null,
      curve: [],
    },
    () => false,
  )
  if (run.kind === 'refused') throw new Error(run.message)
  return run.run
}

function network(seed: number, changed: Partial<NewModelVersion> = {}): string {
  const added = open.parts.gallery.models.add(
    madeVersion({
      verdict: 'reject',
      card: madeUpCard,
      network: Uint8Array.of(seed, 2, 3),
      ...changed,
    }),
  )
  if (added.kind === 'refused') throw new Error(added.message)
  return added.version
}

test('a candidate is kept and its run ended in one moment: cancelled in that very moment it leaves nothing', async () => {
  const { gallery } = open.parts
  const run = begun()
  const cancelled = retrained((candidate) => {
    expect(gallery.models.version(candidate)).not.toBe(null)
    gallery.runs.end(run, { state: 'cancelled' }) // by the last word of another
    if (!gallery.runs.end(run, { state: 'done', candidate })) throw new Error('The run was cancelled.')
  })
  await expect(cancelled).rejects.toThrow('The run was cancelled.')
  expect(gallery.models.versions()).toEqual([])
  expect(gallery.runs.run(run)).toMatchObject({ state: 'running', candidate: null }) // all was taken back

  const version = await retrained((candidate) => void gallery.runs.end(run, { state: 'done', candidate }))
  expect(gallery.models.versions()).toMatchObject([{ version }])
  expect(gallery.runs.run(run)).toMatchObject({ state: 'done', candidate: version })
}, 30_000)

test('a rejected network is here to be looked at until the next candidate, where nobody used it', async () => {
  const { gallery } = open.parts
  const made = (candidate: string) => (gallery.runs.end(begun(), { state: 'done', candidate }), candidate)
  const lookedAt = made(network(1))
  const promotable = made(network(2, { verdict: 'promote' }))
  const imported = network(3) // no run here made it
  const used = made(network(4))
  const under = made(network(5))
  const over = made(
    network(6, { base: under, parent: under, network: undefined, head: Float32Array.of(1) } as never),
  )
  const head = made(network(7, { network: undefined, head: Float32Array.of(2) } as never))
  const judgedAgain = made(network(8, { report: { judgedAgainAt: 1 } })) // whoever asked is not done with it
  gallery.models.promote(used, (_, [seen]) => ({ ...seen!, modelVersion: used }), { evenIfRejected: true })
  gallery.models.rollBack((_, seen) => seen.find(({ modelVersion }) => modelVersion === '1')!)

  const all = [lookedAt, promotable, imported, used, under, over, head, judgedAgain]
  expect(all.filter((version) => modelSummary(open.parts, version)!.retrained!.untilNextRun)).toEqual([
    lookedAt,
    under, // while a head goes over it, it stays all the same
  ])
  const next = await retrained(() => {})
  expect(gallery.models.versions().map(({ version }) => version)).toEqual([
    ...all.filter((version) => version !== lookedAt),
    next,
  ])
}, 30_000)

test('numbers that are here already are judged anew by those who judge now, unless they are in force', async () => {
  const { gallery } = open.parts
  const version = await retrained(() => {})
  const first = gallery.models.version(version)!
  expect(first.report).toMatchObject({ strangers: 'nobody' })

  const cohort = gallery.cohorts.add('Visitors')
  for (const stranger of [1, 2, 3]) {
    const [crop, embedding] = [cropOf(stranger), unitVectorOf(stranger, 128)]
    gallery.cohorts.addStranger(cohort, {
      stranger,
      crop,
      cropHash: hashOf(crop),
      modelVersion: '1',
      embedding,
    })
  }
  expect(await retrained(() => {})).toBe(version)
  const second = gallery.models.version(version)!
  expect(gallery.models.versions()).toHaveLength(1)
  expect(second.report).toMatchObject({ strangers: 'people imported as strangers' })
  expect(second).toMatchObject({ name: first.name, judgedAgainst: '1', trainedOn: first.trainedOn })

  gallery.models.promote(version, (_, [seen]) => ({ ...seen!, modelVersion: version }), {
    evenIfRejected: true,
  })
  const again = gallery.models.keepCandidate({ ...second, card: null, head: gallery.models.head(version)! })
  expect(again).toMatchObject({ kind: 'refused', reason: 'in-use' })
  expect(gallery.models.version(version)).toEqual(second)
}, 30_000)
