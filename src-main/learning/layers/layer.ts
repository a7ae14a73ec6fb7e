import type * as tf from '@tensorflow/tfjs'

/** Tensors by name. */
export type Tensors = Record<string, tf.Tensor>

/** How a parameter starts; drawn in plain numbers, see `networks/initialise.ts`. */
export type Initialiser =
  | { kind: 'constant'; value: number }
  | { kind: 'normal'; mean: number; deviation: number }
  | { kind: 'uniform'; bound: number } // in [−bound, bound]
  | { kind: 'identity' } // of a square matrix; a rectangular one is padded with zeros

/** A tensor that training changes. Convolution kernels are stored as output, input, height, width. */
export interface Parameter {
  name: string
  shape: readonly number[]
  initialiser: Initialiser
  /** The part of the network that is frozen or trained as one. */
  stage: string
}

/** A running statistic of batch normalisation: an input and an output of the step, never differentiated. */
export interface Statistic {
  name: string
  shape: readonly number[]
  initial: number
  stage: string
}

/** What a layer reads and reports while one batch passes through the network. */
export interface Pass {
  parameter(name: string): tf.Tensor
  statistic(name: string): tf.Tensor
  /** Whether the named statistic's stage is being trained; a frozen stage uses its running statistics unchanged. */
  isTraining(statistic: string): boolean
  /** Hands over the statistic's value after this batch; the tensor is kept until the pass's owner disposes of it. */
  update(statistic: string, value: tf.Tensor): void
}

/** One part of a network: what it owns, and what it does to a batch. */
export interface Layer {
  parameters: readonly Parameter[]
  statistics: readonly Statistic[]
  apply(x: tf.Tensor, pass: Pass): tf.Tensor
}

/** A layer that owns nothing. */
export function plain(apply: (x: tf.Tensor) => tf.Tensor): Layer {
  return { parameters: [], statistics: [], apply }
}

/** He et al. 2015, eq. 10: keeps the variance through layers that end in a rectifier. */
export function he(fanIn: number): Initialiser {
  return { kind: 'normal', mean: 0, deviation: Math.sqrt(2 / fanIn) }
}

/** Glorot and Bengio 2010, eq. 16. */
export function glorot(fanIn: number, fanOut: number): Initialiser {
  return { kind: 'uniform', bound: Math.sqrt(6 / (fanIn + fanOut)) }
}

/** A parameter whose stage is set by the `stage` that encloses its layer. */
export function parameter(name: string, shape: readonly number[], initialiser: Initialiser): Parameter {
  return { name, shape, initialiser, stage: '' }
}
