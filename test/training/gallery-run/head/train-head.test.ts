import * as tf from '@tensorflow/tfjs'
import { beforeAll, expect, test } from 'vitest'
import type { TwoCovarianceModel } from '../../../../src-main/evaluation/virtual-strangers.ts'
import { random } from '../../../../src-main/learning/random.ts'
import {
  defaultHeadRecipe,
  type HeadRecipe,
} from '../../../../src-main/training/gallery-run/head/head-recipe.ts'
import { strangersOfRun } from '../../../../src-main/training/gallery-run/run-strangers.ts'
import { trainHead, type Labelled } from '../../../../src-main/training/gallery-run/head/train-head.ts'
import { onnxRunner } from '../../../../src-main/training/onnx-runner.ts'

beforeAll(() => tf.setBackend('cpu'))

const dimension = 4
const recipe: HeadRecipe = {
  ...defaultHeadRecipe,
  steps: 5,
  warmUpSteps: 0,
  people: 3,
  others: 2,
  blend: 0.6,
}

/** Three people with two photographs each. */
function people(): Labelled {
  const source = random(1, 'people')
  const rows = Array.from({ length: 6 }, () => {
    const vector = Float32Array.from({ length: dimension }, source.normal)
    const length = Math.hypot(...vector)
    return [...vector].map((value) => value / length)
  })
  return { vectors: Float32Array.from(rows.flat()), dimension, labels: Int32Array.of(0, 0, 1, 1, 2, 2) }
}

async function trained(blend?: number) {
  const openRunner = onnxRunner({ executionProviders: ['cpu'], threads: 1 })
  const options = { headEvery: 5, ...(blend !== undefined && { blend }) }
  const running = trainHead(people(), null, recipe, openRunner, options)
  let looked: Float32Array | null = null
  for (;;) {
    const { value, done } = await running.next()
    if (done) return { head: value, looked: looked! }
    looked = value.head ?? looked
  }
}

test('a head goes as much of the way from changing nothing as is wished, and is looked at there', async () => {
  const whole = (await trained()).head
  const { head, looked } = await trained(0.25)
  expect(looked).toEqual(head)
  for (const [i, value] of whole.entries()) {
    const nothing = i % (dimension + 1) === 0 ? 1 : 0
    expect(head[i]).toBeCloseTo(0.75 * nothing + 0.25 * value, 6)
  }
  expect(head).not.toEqual(whole)
})

test('a part of the way is gone beside people, all of it beside virtual strangers or nobody', () => {
  const { vectors, labels } = people()
  const mixIn = { vectors, people: labels }
  const zero = new Array<number>(dimension * dimension).fill(0)
  const unit = zero.map((_, i) => (i % (dimension + 1) === 0 ? 1 : 0))
  const strangersModel = {
    dimension,
    mean: [1, 0, 0, 0],
    between: unit,
    within: unit,
  } as unknown as TwoCovarianceModel
  const run = { recipe, threshold: 0.3, mixIn, strangersModel }
  expect(strangersOfRun(run, dimension).blend).toBe(0.6)
  expect(strangersOfRun({ ...run, mixIn: null }, dimension).blend).toBe(1)
  expect(strangersOfRun({ ...run, recipe: { ...recipe, others: 0 } }, dimension).blend).toBe(1)
  expect(strangersOfRun({ ...run, mixIn: null, strangersModel: null }, dimension).blend).toBe(1)
})
