import * as tf from '@tensorflow/tfjs'
import { he, parameter, type Initialiser, type Layer } from './layer.ts'

export interface ConvolutionSettings {
  kernel: number // px, square
  stride?: number
  padding?: 'same' | 'valid'
  /** Left out where batch normalisation follows, which would cancel it. */
  bias?: Initialiser
  initialiser?: Initialiser
}

/** Convolution, [batch, height, width, inputs] → [batch, height′, width′, outputs]. */
export function convolution(
  name: string,
  inputs: number,
  outputs: number,
  { kernel, stride = 1, padding = 'same', bias, initialiser }: ConvolutionSettings,
): Layer {
  const weights = parameter(
    `${name}.weights`,
    [outputs, inputs, kernel, kernel],
    initialiser ?? he(inputs * kernel * kernel),
  )
  const shift = bias && parameter(`${name}.bias`, [outputs], bias)
  return {
    parameters: shift ? [weights, shift] : [weights],
    statistics: [],
    apply(x, pass) {
      // O,I,H,W is what ONNX wants, so the transpose vanishes from a traced graph; TensorFlow.js wants H,W,I,O.
      const filter = tf.transpose(pass.parameter(weights.name), [2, 3, 1, 0]) as tf.Tensor4D
      const y = tf.conv2d(x as tf.Tensor4D, filter, stride, padding)
      return shift ? y.add(pass.parameter(shift.name)) : y
    },
  }
}

/** One kernel for each channel by itself, [batch, height, width, channels] → [batch, height′, width′, channels]. */
export function depthwiseConvolution(
  name: string,
  channels: number,
  { kernel, stride = 1, padding = 'same', initialiser }: Omit<ConvolutionSettings, 'bias'>,
): Layer {
  const weights = parameter(
    `${name}.weights`,
    [channels, 1, kernel, kernel],
    initialiser ?? he(kernel * kernel),
  )
  return {
    parameters: [weights],
    statistics: [],
    apply(x, pass) {
      const filter = tf.transpose(pass.parameter(weights.name), [2, 3, 0, 1]) as tf.Tensor4D
      return tf.depthwiseConv2d(x as tf.Tensor4D, filter, stride, padding)
    },
  }
}
