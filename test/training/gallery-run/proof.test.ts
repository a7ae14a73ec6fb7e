import * as tf from '@tensorflow/tfjs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { drawStrangers, type TwoCovarianceModel } from '../../../src-main/evaluation/virtual-strangers.ts'
import { random } from '../../../src-main/learning/random.ts'
import { defaultHeadRecipe } from '../../../src-main/training/gallery-run/head/head-recipe.ts'
import { retrainHead } from '../../../src-main/training/gallery-run/retrain-head.ts'
import { mixedPeople } from '../../../src-main/training/gate/mixed-people.ts'
import { onnxRunner } from '../../../src-main/training/onnx-runner.ts'
import { proofRun, type ProofKind } from './proof-kinds.ts'

// The proof of the gate, small: on people who never were. On photographs: `npm run bench -- retrain --only proof`.
const d = 128
const threshold = 0.30429
const recipe = { ...defaultHeadRecipe, steps: 60, warmUpSteps: 6, people: 16, others: 16 }
let model: TwoCovarianceModel

beforeAll(async () => {
  await tf.setBackend('cpu')
  const card = join(import.meta.dirname, '../../../models/cards/face-recognition-strangers.json')
  model = (JSON.parse(await readFile(card, 'utf8')) as { fit: TwoCovarianceModel }).fit
})

function madeUp(seed: number, people: number) {
  const { vectors } = drawStrangers(model, people, 10, random(seed, 'proof test').uniform)
  return Array.from({ length: people }, (_, person) =>
    Array.from({ length: 10 }, (_, i) => vectors.slice((person * 10 + i) * d, (person * 10 + i + 1) * d)),
  )
}

async function judged(kind: ProofKind, seed: number) {
  const people = madeUp(seed, 41)
  const { set, changes, poisoned } = proofRun(kind, people.slice(0, 40), people[40]!, recipe, seed)
  const rows = set.training.map((own, person) => [...own, ...set.heldOut[person]!])
  const embeddings = { vectors: set.vectors, dimension: d, people: set.owners }
  const named = mixedPeople(embeddings, rows, threshold).map(({ person }) => person)
  const running = retrainHead({
    ...changes,
    set,
    openRunner: onnxRunner({ executionProviders: ['cpu'], threads: 1 }),
    wantedFmr: 1e-4,
    threshold,
    mixIn: null,
    cohort: null,
    strangersModel: model,
    refit: false,
  })
  let next = await running.next()
  while (!next.done) next = await running.next()
  return { ...next.value, named, poisoned }
}

const seed = 1
describe('on people who never were', () => {
  test('shuffled labels are rejected', async () => {
    const { verdict } = await judged('shuffled labels', seed)
    expect(verdict.kind).toBe('reject')
    expect(verdict.failed).not.toBe(null)
  }, 60_000)

  test('a learning rate a hundred times too high is rejected by how far the head moved', async () => {
    const { verdict } = await judged('collapse', seed)
    expect(verdict).toMatchObject({ kind: 'reject', failed: 'health' })
  }, 60_000)

  test('what was learned from four people alone is rejected', async () => {
    expect((await judged('overfit', seed)).verdict.kind).toBe('reject')
  }, 60_000)

  test('who is half someone else is named before training', () => {
    const people = madeUp(seed, 41)
    const { set, poisoned } = proofRun('poisoned person', people.slice(0, 40), people[40]!, recipe, seed)
    const rows = set.training.map((own, person) => [...own, ...set.heldOut[person]!])
    const embeddings = { vectors: set.vectors, dimension: d, people: set.owners }
    expect(mixedPeople(embeddings, rows, threshold).map(({ person }) => person)).toEqual([poisoned])
  })
})
