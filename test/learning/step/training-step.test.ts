import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import { memoryState, remember } from '../../../src-main/learning/cross-batch-memory.ts'
import { stage } from '../../../src-main/learning/layers/composition.ts'
import { parameter, type Tensors } from '../../../src-main/learning/layers/layer.ts'
import { linear } from '../../../src-main/learning/layers/linear.ts'
import {
  initialParameters,
  initialStatistics,
  type Values,
} from '../../../src-main/learning/networks/initialise.ts'
import { inference, network } from '../../../src-main/learning/networks/network.ts'
import { smallResNet } from '../../../src-main/learning/networks/small-res-net.ts'
import { adamW } from '../../../src-main/learning/optimisers/adam.ts'
import { sgd } from '../../../src-main/learning/optimisers/sgd.ts'
import { objectiveOf, weightedSum, type Objective } from '../../../src-main/learning/step/objective.ts'
import { trainingStep, type TrainingStep } from '../../../src-main/learning/step/training-step.ts'
import { random } from '../../../src-main/learning/random.ts'
import { tensorsOf } from '../tensors.ts'

beforeAll(() => tf.setBackend('cpu'))

/** Pulls each embedding towards its label, so that the gradient is easy to write down. */
const towardsLabel = objectiveOf('towards-label', (embeddings, labels) =>
  embeddings
    .sub(tf.cast(labels, 'float32').reshape([-1, 1]))
    .square()
    .sum(),
)
const plainSgd = sgd({ momentum: 0 })
const tiny = smallResNet({ sidePx: 8, channels: 1, widths: [2, 3], stemStride: 1, embeddingLength: 4 })
const batch = 4

const startOf = (step: TrainingStep): Values =>
  step.start({
    parameters: initialParameters([...step.network.parameters, ...step.objective.parameters], 1),
    statistics: initialStatistics(step.network.statistics),
  })

/** Runs a step on numbers, returns numbers, and checks that no tensor is left. */
function run(step: TrainingStep, state: Values, { rate = 0.1, at = 1, extra = {} as Values } = {}): Values {
  const source = random(5, 'images')
  const before = tf.memory().numTensors
  const values: Values = {
    ...state,
    ...extra,
    images: Float32Array.from({ length: batch * 64 }, () => 255 * source.uniform()),
    labels: Float32Array.of(0, 0, 1, 1),
    scalars: step.scalarsAt(at, rate),
  }
  const inputs: Tensors = {}
  for (const { name, shape, dtype } of step.inputs(batch))
    inputs[name] = tf.tensor(
      values[name] ?? new Float32Array(tf.util.sizeFromShape(shape as number[])),
      shape as number[],
      dtype,
    )
  const outputs = step.run(inputs)
  const numbers = Object.fromEntries(
    Object.entries(outputs).map(([name, tensor]) => [name, Float32Array.from(tensor.dataSync())]),
  )
  tf.dispose([inputs, outputs])
  expect(tf.memory().numTensors).toBe(before)
  return numbers
}

test('gives back every state under its name, and the loss first among the measures', () => {
  const step = trainingStep({ network: tiny, objective: towardsLabel, optimiser: adamW() })
  const state = startOf(step)
  const out = run(step, state)
  expect(Object.keys(out).sort()).toEqual([...step.state, 'measures'].sort())
  for (const name of step.state) expect(out[name]).toHaveLength(state[name]!.length)
  expect(step.measures.slice(0, 2)).toEqual(['loss', 'gradientNorm'])
  expect(out.measures).toHaveLength(step.measures.length)
})

test('descends along the gradient that finite differences find, through batch normalisation', () => {
  const step = trainingStep({ network: tiny, objective: towardsLabel, optimiser: plainSgd })
  const state = startOf(step)
  const out = run(step, state, { rate: 1 })
  const lossAt = (vector: string, index: number, by: number) => {
    const moved = state[vector]!.slice()
    moved[index]! += by
    return run(step, { ...state, [vector]: moved }, { rate: 0 }).measures![0]!
  }
  let squares = 0
  for (const vector of ['weights', 'vectors']) {
    const gradient = state[vector]!.map((value, i) => value - out[vector]![i]!)
    squares += gradient.reduce((sum, g) => sum + g * g, 0)
    for (let index = 0; index < gradient.length; index += 23) {
      const slope = (lossAt(vector, index, 5e-3) - lossAt(vector, index, -5e-3)) / 1e-2
      // single precision and a rectifier's corner inside the interval: a few per cent of the largest slope
      expect(Math.abs(slope - gradient[index]!)).toBeLessThan(0.05 * Math.max(...gradient.map(Math.abs)))
    }
  }
  expect(out.measures![1]! / Math.sqrt(squares)).toBeCloseTo(1, 3)
})

test('the loss falls when steps are repeated on the same batch', () => {
  const step = trainingStep({ network: tiny, objective: towardsLabel, optimiser: adamW() })
  let state = startOf(step)
  const losses: number[] = []
  for (let at = 1; at <= 15; at++) {
    const out = run(step, state, { rate: 0.02, at })
    losses.push(out.measures![0]!)
    state = { ...state, ...out }
  }
  expect(losses.at(-1)!).toBeLessThan(0.3 * losses[0]!)
})

describe('a frozen stage', () => {
  const all = run(
    trainingStep({ network: tiny, objective: towardsLabel, optimiser: adamW(), weightDecay: 0.1 }),
    startOf(trainingStep({ network: tiny, objective: towardsLabel, optimiser: adamW() })),
  )

  test.each([[['head']], [['stage2', 'head']], [['stage2']]])(
    'trained stages %j change, the others keep every bit and their running statistics',
    (stages) => {
      const step = trainingStep({
        network: tiny,
        objective: towardsLabel,
        optimiser: adamW(),
        trainableStages: stages,
        weightDecay: 0.1,
      })
      const state = startOf(step)
      const [before, after] = [step.finish(state), step.finish({ ...state, ...run(step, state) })]
      for (const { name, stage } of tiny.parameters)
        expect(
          Buffer.from(after.parameters[name]!.buffer).equals(Buffer.from(before.parameters[name]!.buffer)),
        ).toBe(!stages.includes(stage))
      for (const { name, stage } of tiny.statistics)
        expect(after.statistics[name]!.join() === before.statistics[name]!.join()).toBe(
          !stages.includes(stage),
        )
      expect(all.measures!.length).toBe(step.measures.length)
    },
  )

  test('that does not exist is named', () => {
    expect(() =>
      trainingStep({
        network: tiny,
        objective: towardsLabel,
        optimiser: plainSgd,
        trainableStages: ['haed'],
      }),
    ).toThrow(/no stage haed, only stem/)
  })
})

test('running statistics move by a tenth of the batch and are used in inference', () => {
  const step = trainingStep({ network: tiny, objective: towardsLabel, optimiser: plainSgd })
  const state = startOf(step)
  const { statistics } = step.finish({ ...state, ...run(step, state, { rate: 0 }) })
  expect(statistics['stem.mean']!.every((mean) => mean !== 0)).toBe(true)
  const { parameters } = step.finish(state)
  const embed = (running: Values) =>
    tf.tidy(() =>
      tiny
        .forward(
          tensorsOf(tiny.parameters, parameters),
          tensorsOf(tiny.statistics, running),
          tf.ones([1, 8, 8, 1]),
          inference,
        )
        .embedding.dataSync(),
    )
  expect(embed(statistics)).not.toEqual(embed(initialStatistics(tiny.statistics)))
})

test('the gradient is clipped by its norm over all groups, and reported unclipped', () => {
  const state = startOf(trainingStep({ network: tiny, objective: towardsLabel, optimiser: plainSgd }))
  const step = trainingStep({ network: tiny, objective: towardsLabel, optimiser: plainSgd, clipNorm: 0.5 })
  const out = run(step, state, { rate: 1 })
  const moved = ['weights', 'vectors'].flatMap((name) => [...state[name]!].map((v, i) => v - out[name]![i]!))
  expect(Math.hypot(...moved)).toBeCloseTo(0.5, 3)
  expect(out.measures![1]!).toBeGreaterThan(1)
})

test('a stage moves at its own rate, by as much as the same step at that rate would move it', () => {
  const [lower, upper] = [tiny.stages[0]!, tiny.stages.at(-1)!]
  const settings = { network: tiny, objective: towardsLabel, optimiser: plainSgd, weightDecay: 0.5 }
  const slow = trainingStep({ ...settings, stageLearningRates: { [lower]: 0.25 } })
  const even = trainingStep(settings)
  const after = (step: TrainingStep, rate: number) =>
    step.finish(run(step, startOf(step), { rate })).parameters
  const [mixed, quarter, whole] = [after(slow, 0.1), after(even, 0.025), after(even, 0.1)]
  const of = (stage: string) => tiny.parameters.filter((parameter) => parameter.stage === stage)
  expect(of(lower).length).toBeGreaterThan(1)
  for (const { name } of of(lower))
    mixed[name]!.forEach((value, i) => expect(value).toBeCloseTo(quarter[name]![i]!, 6))
  for (const { name } of of(upper)) expect(mixed[name]).toEqual(whole[name])
  expect(() => trainingStep({ ...settings, stageLearningRates: { roof: 1 } })).toThrow('no stage roof')
})

test('only matrices and kernels decay', () => {
  const still = objectiveOf('still', (embeddings) => embeddings.sum().mul(0))
  const step = trainingStep({ network: tiny, objective: still, optimiser: plainSgd, weightDecay: 0.5 })
  const state = startOf(step)
  const out = run(step, state, { rate: 0.1 })
  expect(out.vectors).toEqual(state.vectors)
  out.weights!.forEach((value, i) => expect(value).toBeCloseTo(0.95 * state.weights![i]!, 6))
})

describe('an objective with belongings', () => {
  const flat = network({ name: 'flat', source: '', input: [2], embeddingLength: 2 }, [
    stage('head', linear('fc', 2, 2, { initialiser: { kind: 'identity' } })),
  ])
  const runFlat = (step: TrainingStep, state: Values, extra: Values = {}) => {
    const values: Values = {
      ...state,
      ...extra,
      images: Float32Array.of(1, 2, 3, 4),
      labels: Float32Array.of(7, 9),
      scalars: step.scalarsAt(1, 0.1),
    }
    return tf.tidy(() => {
      const inputs = step
        .inputs(2)
        .map(({ name, shape, dtype }) => [name, tf.tensor(values[name]!, shape as number[], dtype)])
      const out = step.run(Object.fromEntries(inputs))
      return Object.fromEntries(Object.entries(out).map(([name, t]) => [name, t.dataSync()]))
    })
  }

  test('its parameters are trained at their own rate, its inputs are handed through, its measures come back', () => {
    const centre: Objective = {
      name: 'centre',
      parameters: [parameter('centre', [2], { kind: 'constant', value: 0 })],
      state: [],
      inputs: [{ name: 'weight', shape: ['batch'], dtype: 'float32' }],
      measures: ['spread'],
      apply: ({ embeddings, parameters, inputs }) => ({
        loss: embeddings
          .sub(parameters.centre!)
          .mul(inputs.weight!.reshape([-1, 1]))
          .sum()
          .asScalar(),
        measures: { spread: embeddings.max() },
      }),
    }
    const step = trainingStep({
      network: flat,
      objective: centre,
      optimiser: plainSgd,
      objectiveLearningRate: 10,
    })
    const out = runFlat(step, startOf(step), { weight: Float32Array.of(1, 2) })
    // d/dcentre Σ weight·(embedding − centre) = −3, at 0.1 × 10
    expect([...out.objective!]).toEqual([3, 3].map((v) => expect.closeTo(v, 5)))
    expect(out.measures![step.measures.indexOf('spread')]).toBe(4)
    expect(out.measures![0]).toBe(1 + 2 + 2 * (3 + 4))
    const { parameters } = step.finish({ ...startOf(step), ...(out as Values) })
    expect(Object.keys(parameters).sort()).toEqual(['centre', 'fc.weights'])
  })

  test('its state goes round: a cross-batch memory holds what the step embedded, and no gradient flows into it', () => {
    const withMemory: Objective = {
      name: 'memory',
      parameters: [],
      state: memoryState(3, 2),
      inputs: [],
      measures: [],
      apply: ({ embeddings, labels, state }) => {
        const memory = remember(
          {
            embeddings: state['memory.embeddings'] as tf.Tensor2D,
            labels: state['memory.labels'] as tf.Tensor1D,
          },
          embeddings,
          labels,
        )
        return {
          loss: tf
            .matMul(embeddings, state['memory.embeddings'] as tf.Tensor2D, false, true)
            .sum()
            .asScalar(),
          state: { 'memory.embeddings': memory.embeddings, 'memory.labels': memory.labels },
        }
      },
    }
    const step = trainingStep({ network: flat, objective: withMemory, optimiser: plainSgd })
    const memory = {
      'memory.embeddings': Float32Array.of(1, 1, 1, 1, 1, 1),
      'memory.labels': Float32Array.of(1, 2, 3),
    }
    const out = runFlat(step, startOf(step), memory)
    expect([...out['memory.embeddings']!]).toEqual([1, 2, 3, 4, 1, 1])
    expect([...out['memory.labels']!]).toEqual([7, 9, 1])
    // Σ over memory of xᵀm: the gradient of the matrix is Σ x mᵀ, each column 3·(1 + 3, 2 + 4) = (12, 18)
    expect([...out.weights!]).toEqual([-0.2, -1.2, -1.8, -0.8].map((v) => expect.closeTo(v, 5)))
  })

  test('a weighted sum adds losses and measures each under its name', () => {
    const sum = objectiveOf('sum', (embeddings) => embeddings.sum())
    const square = objectiveOf('square', (embeddings) => embeddings.square().sum())
    const objective = weightedSum([
      { objective: sum, weight: 2 },
      { objective: square, weight: 0.5 },
    ])
    const step = trainingStep({ network: flat, objective, optimiser: plainSgd })
    const out = runFlat(step, startOf(step))
    const measure = (name: string) => out.measures![step.measures.indexOf(name)]
    expect([measure('loss'), measure('loss.sum'), measure('loss.square')]).toEqual([35, 10, 30])
  })
})

test('a state of the wrong size and a missing input are refused by name', () => {
  const step = trainingStep({ network: tiny, objective: towardsLabel, optimiser: plainSgd })
  expect(() => step.start({ parameters: {}, statistics: {} })).toThrow(/weights: stem.weights has no numbers/)
  expect(() => step.run({})).toThrow(/the step needs weights/)
})
