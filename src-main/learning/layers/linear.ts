import * as tf from '@tensorflow/tfjs'
import { glorot, parameter, type Initialiser, type Layer } from './layer.ts'

export interface LinearSettings {
  bias?: Initialiser
  initialiser?: Initialiser
}

/** Fully connected: [batch, inputs] → [batch, outputs]. The weights are stored as inputs × outputs. */
export function linear(
  name: string,
  inputs: number,
  outputs: number,
  { bias, initialiser = glorot(inputs, outputs) }: LinearSettings = {},
): Layer {
  const weights = parameter(`${name}.weights`, [inputs, outputs], initialiser)
  const shift = bias && parameter(`${name}.bias`, [outputs], bias)
  return {
    parameters: shift ? [weights, shift] : [weights],
    statistics: [],
    apply(x, pass) {
      const y = tf.matMul(x as tf.Tensor2D, pass.parameter(weights.name) as tf.Tensor2D)
      return shift ? y.add(pass.parameter(shift.name)) : y
    },
  }
}

/** A learned factor and shift for each channel, with nothing normalised: the recognition net's "scale layer". */
export function channelScale(name: string, channels: number): Layer {
  const factor = parameter(`${name}.scale`, [channels], { kind: 'constant', value: 1 })
  const shift = parameter(`${name}.shift`, [channels], { kind: 'constant', value: 0 })
  return {
    parameters: [factor, shift],
    statistics: [],
    apply: (x, pass) => x.mul(pass.parameter(factor.name)).add(pass.parameter(shift.name)),
  }
}
