import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import { createLoss, losses } from '../../src-main/learning/catalogue.ts'
import {
  initialParameters,
  initialStatistics,
  type Values,
} from '../../src-main/learning/networks/initialise.ts'
import { linearMap } from '../../src-main/learning/networks/linear-map.ts'
import { sgd } from '../../src-main/learning/optimisers/sgd.ts'
import { random } from '../../src-main/learning/random.ts'
import { lossObjective } from '../../src-main/learning/step/loss-objective.ts'
import { trainingStep, type TrainingStep } from '../../src-main/learning/step/training-step.ts'
import { eagerRunner } from '../../src-main/training/eager-runner.ts'
import type { Batch } from '../../src-main/training/feeding/batches.ts'
import { objectiveInputs } from '../../src-main/training/objective-inputs.ts'
import { onnxRunner } from '../../src-main/training/onnx-runner.ts'
import type { OpenRunner } from '../../src-main/training/step-runner.ts'

beforeAll(() => tf.setBackend('cpu'))

const [batchSize, featuresLength, embeddingLength, classes] = [12, 6, 4, 4]
const network = linearMap({ featuresLength, embeddingLength })
const source = random(1, 'loss parity')
const labels = Int32Array.from({ length: batchSize }, (_, i) => Math.floor(i / 3))
const batch: Batch = {
  images: Float32Array.from(
    { length: batchSize * featuresLength },
    (_, i) => source.normal() + Math.sin((labels[Math.floor(i / featuresLength)]! + 1) * i),
  ),
  labels,
  indices: Array.from(labels.keys()),
}
const cpu = onnxRunner({ executionProviders: ['cpu'], threads: 1 })

function stepOf(loss: string, options: Parameters<typeof createLoss>[1] = {}, memory?: { size: number }) {
  const composed = createLoss(loss, { classes, embeddingLength, ...options })
  const objective = lossObjective(composed, { embeddingLength, classes, memory, referenceLength: 3 })
  return trainingStep({ network, objective, optimiser: sgd({ momentum: 0 }) })
}

/** Two steps at a rate of 1: what the parameters move by is the gradient. */
async function run(step: TrainingStep, openRunner: OpenRunner) {
  const owners = [...network.parameters, ...step.objective.parameters]
  const start = step.start({
    parameters: initialParameters(owners, 1),
    statistics: initialStatistics(network.statistics),
  })
  const runner = await openRunner(step, batchSize, start)
  const besides = objectiveInputs({
    objective: step.objective,
    batchSize,
    seed: 1,
    reference: Float32Array.from({ length: batchSize * 3 }, (_, i) => Math.cos(i)),
    classWeights: Float32Array.of(1, 2, 0.5, 1),
  })
  const losses: number[] = []
  for (const at of [1, 2]) {
    const numbers = await runner.run({
      ...besides(batch, at),
      images: batch.images,
      labels: batch.labels,
      scalars: step.scalarsAt(at, at === 1 ? 1 : 0),
    })
    losses.push(numbers[0]!)
  }
  const after = await runner.state()
  await runner.release()
  const gradient = (name: string) => start[name]!.map((value, i) => value - after[name]![i]!)
  const gradients: Values = Object.fromEntries(
    step.groups.map(({ vector }) => [vector.name, gradient(vector.name)]),
  )
  return { losses, gradients, after }
}

/** Traced and eager agree: the loss to 1e-5, each gradient to 1e-5 of its norm. */
async function expectParity(step: TrainingStep) {
  const [eager, traced] = [await run(step, eagerRunner), await run(step, cpu)]
  expect(Number.isFinite(eager.losses[0])).toBe(true)
  expect(Math.abs(traced.losses[0]! - eager.losses[0]!)).toBeLessThan(
    1e-5 * Math.max(1, Math.abs(eager.losses[0]!)),
  )
  const norm = Math.hypot(...Object.values(eager.gradients).flatMap((values) => [...values]))
  for (const [name, gradient] of Object.entries(eager.gradients)) {
    const difference = Math.hypot(...gradient.map((value, i) => value - traced.gradients[name]![i]!))
    expect(difference, name).toBeLessThan(1e-5 * Math.max(1, norm))
  }
  return { eager, traced, norm }
}

describe('a traced step gives the loss and the gradient of the eager one', () => {
  test.each(losses.map(({ id }) => id))('%s', async (id) => {
    const { norm } = await expectParity(stepOf(id))
    expect(norm).toBeGreaterThan(0) // a gradient of zero would agree with anything
  })

  test('with random numbers, a reference and class weights handed in', async () => {
    await expectParity(stepOf('margin', { miner: 'distance-weighted' }))
    await expectParity(
      stepOf('triplet', {
        regularisers: [{ id: 'similarity-distillation', weight: 3 }],
        reducer: 'class-weighted',
      }),
    )
  })

  test('with a cross-batch memory, which goes round the same', async () => {
    const { eager, traced } = await expectParity(stepOf('contrastive', {}, { size: 20 }))
    expect(traced.after['memory.labels']).toEqual(eager.after['memory.labels'])
    expect([...eager.after['memory.labels']!].slice(0, 12)).toEqual([...labels])
  })
})

test('what a loss needs and does not get is said before the run', () => {
  expect(() => lossObjective(createLoss('arcface', { classes, embeddingLength }), { embeddingLength, memory: { size: 9 } })).toThrow(/takes no memory/) // prettier-ignore
  const distilled = createLoss('triplet', { regularisers: [{ id: 'distillation', weight: 1 }] })
  expect(() => lossObjective(distilled, { embeddingLength })).toThrow(/how long the reference/)
  const objective = lossObjective(distilled, { embeddingLength, referenceLength: 4 })
  expect(() => objectiveInputs({ objective, batchSize, seed: 1 })).toThrow(
    /needs reference, and there is none/,
  )
})
