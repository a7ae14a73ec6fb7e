import * as tf from '@tensorflow/tfjs'
import { batchHealth, healthMeasures } from '../health.ts'
import type { Parameter, Tensors } from '../layers/layer.ts'
import type { Values } from '../networks/initialise.ts'
import { size, stagesAtDepth, type Network } from '../networks/network.ts'
import { clipByGlobalNorm, globalNorm } from '../optimisers/clipping.ts'
import type { Optimiser } from '../optimisers/optimiser.ts'
import { flatVector, join, pack, slices, unpack, type FlatVector } from './flat-vector.ts'
import type { Objective, TensorDescription } from './objective.ts'

export interface StepSettings {
  network: Network
  objective: Objective
  optimiser: Optimiser
  /** Stages whose parameters and running statistics move; the others keep every bit. */
  trainableStages?: readonly string[]
  weightDecay?: number // of kernels and matrices only; biases, scales and slopes do not decay
  clipNorm?: number | null // of the whole gradient; null: never clipped
  /** Learning rate of the objective's own parameters, as a multiple: proxies need more (Kim et al. 2020, section 4.2). */
  objectiveLearningRate?: number
  /** Learning rates of stages, as a multiple; 1 where none is given. Throws for a stage that the network lacks. */
  stageLearningRates?: Readonly<Record<string, number>>
  activeMargin?: number // of the health measure; squared distance on the unit sphere
}

/** Parameters that move together, in one vector. */
export interface ParameterGroup {
  vector: FlatVector
  decay: number
  learningRateScale: number
}

/**
 * One training step as a plain function of tensors: run it eagerly, or trace it once into a graph. The state is a
 * handful of vectors that go in and come out under the same name.
 */
export interface TrainingStep {
  network: Network
  objective: Objective
  optimiser: Optimiser
  groups: readonly ParameterGroup[]
  /** Names of a group's optimiser vectors, in the order of `optimiser.slots`. */
  slotsOf(group: ParameterGroup): string[]
  /** Parameters that stay: an input, never an output. Absent where everything is trained. */
  frozen: FlatVector | null
  statistics: FlatVector | null
  /** Everything `run` takes. */
  inputs(batch: number): TensorDescription[]
  /** Names of the inputs that come out renewed. */
  state: readonly string[]
  /** Names of the numbers in the output `measures`, [measures.length]: the loss first. */
  measures: readonly string[]
  /** The input `scalars` of a step counted from 1. */
  scalarsAt(step: number, learningRate: number): Float32Array<ArrayBuffer>
  /** Inputs by name → the new state by name, and `measures`. Throws when an input is missing. */
  run(inputs: Tensors): Tensors
  /** The starting state, numbers by vector: given parameters and statistics, moments zero. */
  start(values: { parameters: Values; statistics: Values }): Values
  /** Parameters, statistics and the objective's parameters out of a state. */
  finish(state: Values): { parameters: Values; statistics: Values }
}

/** Composes network, objective and optimiser into one step. */
export function trainingStep({
  network,
  objective,
  optimiser,
  trainableStages = stagesAtDepth(network, 'all'),
  weightDecay = 0,
  clipNorm = null,
  objectiveLearningRate = 1,
  stageLearningRates = {},
  activeMargin = 0.2, // Schroff et al. 2015
}: StepSettings): TrainingStep {
  const training = new Set(trainableStages)
  const unknown = [...trainableStages, ...Object.keys(stageLearningRates)].find(
    (stage) => !network.stages.includes(stage),
  )
  if (unknown) throw new Error(`${network.name} has no stage ${unknown}, only ${network.stages.join(', ')}`)
  const trained = network.parameters.filter(({ stage }) => training.has(stage))
  const group = (name: string, parameters: readonly Parameter[], decay: number, learningRateScale = 1) => ({
    vector: flatVector(name, parameters),
    decay,
    learningRateScale,
  })
  const rateOf = ({ stage }: (typeof trained)[number]) => stageLearningRates[stage] ?? 1
  const rates = [...new Set(trained.map(rateOf))]
  const groups = [
    ...rates.flatMap((rate) => {
      const own = trained.filter((parameter) => rateOf(parameter) === rate)
      const stages = [...new Set(own.map(({ stage }) => stage))].join(' and ')
      const name = (what: string) => (rate === 1 ? what : `${what} of ${stages}`)
      return [
        group(name('weights'), own.filter(decays), weightDecay, rate),
        group(
          name('vectors'),
          own.filter((parameter) => !decays(parameter)),
          0,
          rate,
        ),
      ]
    }),
    group('objective', objective.parameters, 0, objectiveLearningRate),
  ].filter(({ vector }) => vector.length > 0)
  const still = network.parameters.filter(({ stage }) => !training.has(stage))
  const frozen = still.length ? flatVector('frozen', still) : null
  const statistics = network.statistics.length ? flatVector('statistics', network.statistics) : null
  const movedStatistics = network.statistics.some(({ stage }) => training.has(stage))

  const slotsOf = ({ vector }: ParameterGroup) => optimiser.slots.map((slot) => `${slot}.${vector.name}`)
  const state = [
    ...groups.map(({ vector }) => vector.name),
    ...groups.flatMap(slotsOf),
    ...(movedStatistics ? ['statistics'] : []),
    ...objective.state.map(({ name }) => name),
  ]
  const measures = ['loss', 'gradientNorm', ...healthMeasures, ...objective.measures]

  function run(inputs: Tensors): Tensors {
    const missing = [...state, 'images', 'labels', 'scalars'].find((name) => !inputs[name])
    if (missing) throw new Error(`the step needs ${missing}`)
    return tf.tidy(() => {
      const parts = groups.map(({ vector }) => Object.entries(slices(vector, inputs[vector.name]!)))
      const fixed = {
        ...(frozen ? slices(frozen, inputs.frozen!) : {}),
      }
      const running = statistics ? slices(statistics, inputs.statistics!) : {}
      const trainable = parts.flat()
      const names = trainable.map(([name]) => name)

      // The tape's tidy disposes of what is not the loss; what is needed after it is kept, and disposed of below.
      const aside: Tensors = {}
      const { value: loss, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) => {
        const parameters = { ...fixed, ...Object.fromEntries(tensors.map((t, i) => [names[i]!, t])) }
        const forward = network.forward(parameters, running, inputs.images!, { trainingStages: training })
        const outcome = objective.apply({
          embeddings: forward.embedding,
          labels: inputs.labels as tf.Tensor1D,
          parameters,
          state: inputs,
          inputs,
        })
        for (const [name, value] of Object.entries(forward.statistics)) aside[`statistic ${name}`] = value
        for (const [name, value] of Object.entries(outcome.measures ?? {}))
          aside[`measure ${name}`] = tf.keep(value.clone())
        for (const [name, value] of Object.entries(outcome.state ?? {}))
          aside[`state ${name}`] = tf.keep(value.clone())
        aside.embeddings = tf.keep(forward.embedding.clone())
        return outcome.loss
      })(trainable.map(([, tensor]) => tensor))

      let offset = 0
      const gradients = parts.map((part) => join(grads.slice(offset, (offset += part.length))))
      const norm = globalNorm(gradients)
      const clipped = clipNorm === null ? gradients : clipByGlobalNorm(gradients, norm, clipNorm)
      const scalars = optimiser.scalars.map((_, i) =>
        tf.slice(inputs.scalars as tf.Tensor1D, i, 1).asScalar(),
      )

      const outputs: Tensors = {}
      groups.forEach((group, i) => {
        const { vector, decay, learningRateScale } = group
        const own =
          learningRateScale === 1 ? scalars : [scalars[0]!.mul(learningRateScale), ...scalars.slice(1)]
        const slots = slotsOf(group)
        const updated = optimiser.update(
          inputs[vector.name]!,
          clipped[i]!,
          slots.map((slot) => inputs[slot]!),
          own,
          decay,
        )
        outputs[vector.name] = updated.parameter
        slots.forEach((slot, j) => (outputs[slot] = updated.slots[j]!))
      })
      if (movedStatistics)
        outputs.statistics = join(
          statistics!.parts.map(({ name }) => aside[`statistic ${name}`] ?? running[name]!),
        )
      for (const { name } of objective.state) outputs[name] = aside[`state ${name}`]!.clone()

      const health = batchHealth(aside.embeddings as tf.Tensor2D, inputs.labels as tf.Tensor1D, activeMargin)
      outputs.measures = join([
        loss,
        norm,
        ...healthMeasures.map((name) => health[name]),
        ...objective.measures.map((name) => aside[`measure ${name}`]!),
      ])
      tf.dispose(aside)
      return outputs
    })
  }

  return {
    network,
    objective,
    optimiser,
    groups,
    slotsOf,
    frozen,
    statistics,
    state,
    measures,
    run,
    scalarsAt: (step, learningRate) => Float32Array.from(optimiser.scalarsAt(step, learningRate)),
    inputs: (batch) => [
      ...groups.flatMap((group) =>
        [group.vector.name, ...slotsOf(group)].map((name) => vectorInput(name, group.vector.length)),
      ),
      ...(frozen ? [vectorInput('frozen', frozen.length)] : []),
      ...(statistics ? [vectorInput('statistics', statistics.length)] : []),
      ...[...objective.state, ...objective.inputs].map((input) => ({
        ...input,
        shape: input.shape.map((dimension) => (dimension === 'batch' ? batch : dimension)),
      })),
      { name: 'images', shape: [batch, ...network.input], dtype: 'float32' },
      { name: 'labels', shape: [batch], dtype: 'int32' },
      vectorInput('scalars', optimiser.scalars.length),
    ],
    start({ parameters, statistics: running }) {
      const values: Values = {}
      for (const group of groups) {
        values[group.vector.name] = pack(group.vector, parameters)
        for (const slot of slotsOf(group)) values[slot] = new Float32Array(group.vector.length)
      }
      if (frozen) values.frozen = pack(frozen, parameters)
      if (statistics) values.statistics = pack(statistics, running)
      for (const { name, shape, initial = 0 } of objective.state)
        values[name] = new Float32Array(size(shape)).fill(initial)
      return values
    },
    finish(values) {
      const vectors = [...groups.map(({ vector }) => vector), ...(frozen ? [frozen] : [])]
      return {
        parameters: Object.assign({}, ...vectors.map((vector) => unpack(vector, values[vector.name]!))),
        statistics: statistics ? unpack(statistics, values.statistics!) : {},
      }
    },
  }
}

/** Kernels and matrices decay; biases, scales and slopes are vectors and do not. */
const decays = ({ shape }: Parameter) => shape.length >= 2

const vectorInput = (name: string, length: number): TensorDescription => ({
  name,
  shape: [length],
  dtype: 'float32',
})
