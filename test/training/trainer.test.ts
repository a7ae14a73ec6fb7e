import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { initialParameters, initialStatistics } from '../../src-main/learning/networks/initialise.ts'
import { linearMap } from '../../src-main/learning/networks/linear-map.ts'
import type { Network } from '../../src-main/learning/networks/network.ts'
import { smallResNet } from '../../src-main/learning/networks/small-res-net.ts'
import { adamW } from '../../src-main/learning/optimisers/adam.ts'
import { random } from '../../src-main/learning/random.ts'
import { constant } from '../../src-main/learning/schedules/learning-rate.ts'
import { objectiveOf } from '../../src-main/learning/step/objective.ts'
import { trainingStep } from '../../src-main/learning/step/training-step.ts'
import { loadCheckpoint } from '../../src-main/training/checkpoint.ts'
import { eagerRunner } from '../../src-main/training/eager-runner.ts'
import type { Feed } from '../../src-main/training/feeding/feed.ts'
import { onnxRunner } from '../../src-main/training/onnx-runner.ts'
import type { OpenRunner } from '../../src-main/training/step-runner.ts'
import { train, type Trained, type TrainingEvent, type TrainingRun } from '../../src-main/training/trainer.ts'

let folder: string
beforeEach(async () => {
  await tf.setBackend('cpu')
  folder = await mkdtemp(join(tmpdir(), 'trainer-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** Contrastive on unit-length embeddings: same labels together, others at right angles. */
const apart = objectiveOf('apart', (embeddings, labels) => {
  const unit = embeddings.div(embeddings.square().sum(1, true).add(1e-6).sqrt()) as tf.Tensor2D
  const cosine = tf.matMul(unit, unit, false, true)
  const same = tf.cast(tf.equal(labels.reshape([-1, 1]), labels.reshape([1, -1])), 'float32')
  return cosine.sub(same).square().mean()
})

const batchSize = 6
/** Classes around points of their own. */
const feedOf = (network: Network): Feed => {
  const length = network.input.reduce((a, b) => a * b)
  return {
    batchSize,
    stepsPerEpoch: 4,
    classes: ['0', '1', '2'],
    close: async () => {},
    async batch(step) {
      const source = random(1, 'test feed', step)
      const labels = Int32Array.of(0, 0, 1, 1, 2, 2)
      const images = Float32Array.from({ length: batchSize * length }, (_, i) => {
        const label = labels[Math.floor(i / length)]!
        return 127 + 60 * Math.sin((label + 1) * (i % length)) + 30 * source.normal()
      })
      return { images, labels, indices: [0, 1, 2, 3, 4, 5] }
    },
  }
}
const map = linearMap({ featuresLength: 12, embeddingLength: 4 })
const res = smallResNet({ sidePx: 8, channels: 1, widths: [2, 3], embeddingLength: 4 })

function runOf(network: Network, openRunner: OpenRunner, settings: Partial<TrainingRun> = {}): TrainingRun {
  return {
    phases: [
      { fromStep: 0, step: trainingStep({ network, objective: apart, optimiser: adamW(), clipNorm: 1 }) },
    ],
    steps: 12,
    schedule: constant(0.01),
    feed: feedOf(network),
    openRunner,
    start: {
      parameters: initialParameters(network.parameters, 1),
      statistics: initialStatistics(network.statistics),
    },
    settings: 'test',
    ...settings,
  }
}

async function finish(run: TrainingRun, resume: Parameters<typeof train>[1] = null) {
  const events: TrainingEvent[] = []
  const running = train(run, resume)
  for (;;) {
    const { value, done } = await running.next()
    if (done) return { events, trained: value as Trained }
    events.push(value as TrainingEvent)
  }
}
const losses = (events: TrainingEvent[]) =>
  events.flatMap((event) => (event.kind === 'step' ? [event.measures.loss!] : []))

const cpu = onnxRunner({ executionProviders: ['cpu'], threads: 1 })
describe.each([
  ['eagerly', res, eagerRunner],
  ['as a graph in ONNX Runtime', map, cpu],
] as const)('%s', (_, network, openRunner) => {
  test('a run learns, tells its progress and gives back what it learnt', async () => {
    const { events, trained } = await finish(runOf(network, openRunner, { steps: 30 }))
    const [first, last] = [losses(events)[0]!, losses(events).at(-1)!]
    expect(last).toBeLessThan(0.8 * first)
    expect(trained.stepsDone).toBe(30)
    expect(Object.keys(trained.parameters).sort()).toEqual(network.parameters.map(({ name }) => name).sort())
    const step = events.findLast((event) => event.kind === 'step')!
    expect(step).toMatchObject({ step: 30, steps: 30, epoch: 8, remainingMs: 0, learningRate: 0.01 })
    expect(step.imagesPerSecond).toBeGreaterThan(0)
    expect(Object.keys(step.measures)).toEqual(expect.arrayContaining(['gradientNorm', 'effectiveRank']))
  })

  test('the same seed gives the same run, bit for bit', async () => {
    const [first, again] = [
      await finish(runOf(network, openRunner)),
      await finish(runOf(network, openRunner)),
    ]
    expect(again.trained).toEqual(first.trained)
    expect(losses(again.events)).toEqual(losses(first.events))
  })

  test('a run that is stopped and resumed ends as one that was not, bit for bit', async () => {
    const whole = await finish(runOf(network, openRunner))
    const checkpoints = { folder, everySteps: 5 }
    for await (const event of train(runOf(network, openRunner, { checkpoints })))
      if (event.kind === 'step' && event.step === 8) break // three steps after the last checkpoint
    const left = await loadCheckpoint(folder, 'test')
    expect(left!.stepsDone).toBe(5)
    const resumed = await finish(runOf(network, openRunner, { checkpoints }), left)
    expect(losses(resumed.events)).toEqual(losses(whole.events).slice(5))
    expect(resumed.trained).toEqual(whole.trained)
    expect((await loadCheckpoint(folder, 'test'))!.stepsDone).toBe(12)
  })
})

test('a traced step gives what the eager step gives, for every state and measure, over several steps', async () => {
  const runs = await Promise.all(
    [eagerRunner, cpu].map(async (openRunner) => finish(runOf(map, openRunner, { steps: 10 }))),
  )
  const [eager, traced] = runs.map(({ events }) => events.filter((event) => event.kind === 'step'))
  eager!.forEach(({ measures }, i) => {
    for (const [name, value] of Object.entries(measures))
      expect(traced![i]!.measures[name]! / value, `${name} at step ${i + 1}`).toBeCloseTo(1, 4)
  })
})

test('stages open in phases: what was frozen stays until its turn, and a resumed run opens them alike', async () => {
  const step = (trainableStages: string[]) =>
    trainingStep({ network: res, objective: apart, optimiser: adamW(), trainableStages })
  const phases = [
    { fromStep: 0, step: step(['head']) },
    { fromStep: 4, step: step(['stage2', 'head']) },
  ]
  const settings = { phases, steps: 6, checkpoints: { folder, everySteps: 4 } }
  const whole = await finish(runOf(res, eagerRunner, settings))
  const opened = whole.events.flatMap((e) => (e.kind === 'phase' ? [[e.step, e.trainedStages]] : []))
  expect(opened).toEqual([
    [0, ['head']],
    [4, ['stage2', 'head']],
  ])
  const start = initialParameters(res.parameters, 1)
  expect(whole.trained.parameters['stem.weights']).toEqual(start['stem.weights'])
  expect(whole.trained.parameters['stage2.0.1.weights']).not.toEqual(start['stage2.0.1.weights'])

  for await (const event of train(runOf(res, eagerRunner, settings))) if (event.kind === 'checkpoint') break
  const resumed = await finish(runOf(res, eagerRunner, settings), await loadCheckpoint(folder, 'test'))
  expect(resumed.trained).toEqual(whole.trained)
})

test('a loss that is no number ends the run with a word about it, and leaves no tensor', async () => {
  const broken = objectiveOf('broken', (embeddings) => embeddings.sum().mul(NaN))
  const before = tf.memory().numTensors
  const phases = [
    { fromStep: 0, step: trainingStep({ network: map, objective: broken, optimiser: adamW() }) },
  ]
  await expect(finish(runOf(map, eagerRunner, { phases }))).rejects.toThrow(/loss is NaN at step 1/)
  expect(tf.memory().numTensors).toBe(before)
})

test('the objective receives what is made for each batch', async () => {
  const weighted = {
    ...apart,
    inputs: [{ name: 'weight', shape: [1], dtype: 'float32' as const }],
    apply: (given: Parameters<typeof apart.apply>[0]) => ({
      loss: apart.apply(given).loss.mul<tf.Scalar>(given.inputs.weight!.asScalar()),
    }),
  }
  const phases = [
    { fromStep: 0, step: trainingStep({ network: map, objective: weighted, optimiser: adamW() }) },
  ]
  const objectiveInputs = (_: unknown, step: number) => ({ weight: Float32Array.of(step) })
  const { events } = await finish(runOf(map, eagerRunner, { phases, objectiveInputs, steps: 2 }))
  expect(losses(events)[0]).toBe(0)
  expect(losses(events)[1]).toBeGreaterThan(0)
})
