import * as tf from '@tensorflow/tfjs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { galleryRunOf } from '../../../src-main/engine/retraining/gallery-run.ts'
import { usualWish } from '../../../src-main/engine/retraining/options.ts'
import { fuseRows } from '../../../src-main/evaluation/embeddings.ts'
import { photographOf, unitVectorOf } from '../../gallery/made-up.ts'
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

/** Somebody's template, moved towards another's. */
function between(person: number, another: number, share: number): Float32Array {
  const rows = open.parts.gallery.embeddings('1')
  const of = (wanted: number) => {
    const own = rows.filter((row) => row.person === wanted).map(({ embedding }) => [...embedding])
    const vectors = Float32Array.from(own.flat())
    return fuseRows({ vectors, dimension: 128, people: [] }, [...own.keys()])
  }
  const [a, b] = [of(person), of(another)]
  return unitOf(a.map((value, i) => (1 - share) * value + share * b[i]!))
}

function unitOf(vector: Float32Array): Float32Array {
  return fuseRows({ vectors: vector, dimension: 128, people: [] }, [0])
}

function keep(
  seed: number,
  kind: 'them' | 'not-them',
  person: number,
  embedding: Float32Array,
  version = '1',
) {
  const { crop, cropHash, features } = photographOf(seed)
  const made = { kind, person, distance: 0.5, crop: crop!, cropHash, modelVersion: version, features }
  expect(open.parts.gallery.hardExamples.add({ ...made, embedding })).toMatchObject({ kind: 'kept' })
}

// Without virtual strangers, whose drawing takes seconds.
const trained = async () => twoStepHead({ ...(await galleryRunOf(open.parts)), strangersModel: null })

test('the plan counts what will train, and says what will not and why', async () => {
  const noise = unitVectorOf(5, 128)
  keep(1, 'them', 1, between(1, 2, 0.1))
  keep(2, 'them', 1, between(1, 2, 0.9))
  keep(3, 'them', 1, between(1, 2, 0.8))
  keep(4, 'not-them', 1, between(3, 4, 0.1))
  keep(5, 'them', 1, unitOf(between(1, 2, 0).map((value, i) => value + 0.5 * noise[i]!)))
  keep(6, 'them', 1, between(1, 2, 0.2), 'another-model')
  const plan = await open.engine.call('retrain.plan', usualWish)
  if (plan.kind === 'refused') throw new Error(plan.message)
  expect(plan.hardExamples).toBe(1)
  expect(plan.notes.slice(3)).toEqual([
    '1 probe that was decided wrongly trains too.',
    '2 kept photographs were left out: they look like Person 1, who is enrolled too, and was kept for Person 0.',
    '1 kept photograph was left out: it looks like Person 2, who is enrolled too, and was kept for Person 0.',
    '1 kept photograph was left out: it looks less like Person 0 than Person 0’s own photographs do.',
    '1 kept photograph not seen by this model yet: the run looks first, and leaves out what it must.',
  ])
})

test('a true match that was said to be somebody else is named in the plan, and can be dropped', async () => {
  keep(1, 'not-them', 1, between(1, 2, 0.02))
  const noise = unitVectorOf(5, 128)
  keep(2, 'not-them', 1, unitOf(between(1, 2, 0).map((value, i) => value + 0.9 * noise[i]!)))
  const planned = async () => {
    const plan = await open.engine.call('retrain.plan', usualWish)
    if (plan.kind === 'refused') throw new Error(plan.message)
    return plan
  }
  const { doubted, hardExamples } = await planned()
  expect([doubted, hardExamples]).toEqual([[{ id: 1, person: 1, name: 'Person 0' }], 2])
  await open.engine.call('hard-example.drop', { id: 1 })
  expect(await planned()).toMatchObject({ doubted: [], hardExamples: 1 })
})

test('a stranger who judges is nobody’s hard example', async () => {
  const stranger = between(1, 2, 0.1)
  keep(1, 'them', 1, stranger)
  const { gallery } = open.parts
  const { crop, cropHash } = photographOf(9)
  const cohort = gallery.cohorts.add('Visitors')
  gallery.cohorts.addStranger(cohort, {
    stranger: 1,
    crop: crop!,
    cropHash,
    modelVersion: '1',
    embedding: stranger,
  })
  const plan = await open.engine.call('retrain.plan', usualWish)
  if (plan.kind === 'refused') throw new Error(plan.message)
  expect(plan.hardExamples).toBe(0)
  expect(plan.notes.slice(3)).toEqual([
    '1 kept photograph was left out: it looks more like an imported stranger than like Person 0.',
  ])
})

test('what is left out leaves no trace in the candidate', async () => {
  const without = await trained()
  open.parts.gallery.models.remove(without)
  keep(1, 'them', 1, between(1, 2, 0.9))
  expect(await trained()).toBe(without)
  open.parts.gallery.models.remove(without)
  keep(2, 'them', 1, between(1, 2, 0.1))
  expect(await trained()).not.toBe(without)
}, 30_000)
