import type * as tf from '@tensorflow/tfjs'
import type { Parameter, Tensors } from '../layers/layer.ts'

/** A tensor by name, type and shape; `'batch'` stands for the batch size. */
export interface TensorDescription {
  name: string
  shape: readonly (number | 'batch')[]
  dtype: 'float32' | 'int32'
}

/** A tensor carried from step to step. */
export interface StateDescription extends TensorDescription {
  shape: readonly number[]
  /** What it is filled with before the first step; 0 unless said. */
  initial?: number
}

/** What a step minimises: a loss with all it needs besides embeddings and labels. */
export interface Objective {
  name: string
  /** Trained beside the network: proxies, class weights, boundaries. */
  parameters: readonly Parameter[]
  /** Carried from step to step without being trained: a cross-batch memory. */
  state: readonly StateDescription[]
  /** Handed in anew with each batch: random numbers, reference embeddings. */
  inputs: readonly TensorDescription[]
  /** Names of `Outcome.measures`. */
  measures: readonly string[]
  apply(given: Given): Outcome
}

export interface Given {
  embeddings: tf.Tensor2D // [batch, length], not normalised
  labels: tf.Tensor1D // [batch], int32
  parameters: Tensors
  state: Tensors
  inputs: Tensors
}

export interface Outcome {
  loss: tf.Scalar
  /** Scalars shown beside the loss. */
  measures?: Record<string, tf.Tensor>
  /** The state after this batch, every entry of `Objective.state`. */
  state?: Tensors
}

/** An objective from a loss that needs nothing but embeddings and labels. */
export function objectiveOf(
  name: string,
  loss: (embeddings: tf.Tensor2D, labels: tf.Tensor1D) => tf.Tensor,
): Objective {
  return {
    name,
    parameters: [],
    state: [],
    inputs: [],
    measures: [],
    apply: ({ embeddings, labels }) => ({ loss: loss(embeddings, labels).asScalar() }),
  }
}

/** The weighted sum of several objectives, each measured under its own name. */
export function weightedSum(terms: readonly { objective: Objective; weight: number }[]): Objective {
  const objectives = terms.map(({ objective }) => objective)
  return {
    name: objectives.map(({ name }) => name).join(' + '),
    parameters: objectives.flatMap(({ parameters }) => parameters),
    state: objectives.flatMap(({ state }) => state),
    inputs: uniqueByName(objectives.flatMap(({ inputs }) => inputs)),
    measures: objectives.flatMap(({ name, measures }) => [`loss.${name}`, ...measures]),
    apply(given) {
      const outcomes = objectives.map((objective) => objective.apply(given))
      const weighted = outcomes.map(({ loss }, i) => loss.mul<tf.Scalar>(terms[i]!.weight))
      return {
        loss: weighted.reduce((sum, loss) => sum.add<tf.Scalar>(loss)),
        measures: Object.assign(
          {},
          ...outcomes.map(({ loss, measures }, i) => ({
            [`loss.${objectives[i]!.name}`]: loss,
            ...measures,
          })),
        ),
        state: Object.assign({}, ...outcomes.map(({ state }) => state)),
      }
    },
  }
}

function uniqueByName<T extends { name: string }>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [item.name, item])).values()]
}
