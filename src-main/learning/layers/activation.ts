import * as tf from '@tensorflow/tfjs'
import { parameter, plain, type Layer } from './layer.ts'

/** max(x, 0) */
export const relu: Layer = plain((x) => tf.relu(x))

/** 1 / (1 + exp(−x)) */
export const sigmoid: Layer = plain((x) => tf.sigmoid(x))

/** x where positive, else a learned share of x per channel (He et al. 2015, eq. 1). */
export function parametricRelu(name: string, channels: number): Layer {
  const slope = parameter(`${name}.slope`, [channels], { kind: 'constant', value: 0.25 }) // He et al. 2015, section 2.1
  return {
    parameters: [slope],
    statistics: [],
    apply: (x, pass) => tf.prelu(x, pass.parameter(slope.name)),
  }
}
