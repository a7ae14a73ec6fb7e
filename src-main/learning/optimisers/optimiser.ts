import type * as tf from '@tensorflow/tfjs'

/** How a gradient moves parameters: a pure function, so that it can be traced with the step. */
export interface Optimiser {
  name: string
  /** Tensors of the parameters' shape that it carries from step to step, zero at the start. */
  slots: readonly string[]
  /** What changes from step to step, as plain numbers. */
  scalars: readonly string[]
  /** The scalars of one step, in their order; `step` counts from 1. */
  scalarsAt(step: number, learningRate: number): number[]
  /** `decay` is the weight decay of these parameters, 0 for none. */
  update(
    parameter: tf.Tensor,
    gradient: tf.Tensor,
    slots: readonly tf.Tensor[],
    scalars: readonly tf.Tensor[],
    decay: number,
  ): Updated
}

export interface Updated {
  parameter: tf.Tensor
  slots: tf.Tensor[]
}
