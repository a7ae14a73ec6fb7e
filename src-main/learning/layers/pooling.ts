import * as tf from '@tensorflow/tfjs'
import { plain, type Layer } from './layer.ts'

/** The largest value of each window. */
export function maxPooling(size: number, stride: number, padding: 'same' | 'valid' = 'valid'): Layer {
  return plain((x) => tf.maxPool(x as tf.Tensor4D, size, stride, padding))
}

/**
 * The root of the window's sum of squares at stride 1, same size: FaceNet's "L2" pooling. Padded by hand, because
 * TensorFlow.js cpu has a wrong gradient for average pooling with padding 'same'.
 */
export function l2Pooling(size: number): Layer {
  const margin = (size - 1) / 2
  return plain((x) => {
    const padded = tf.pad(x.square(), [
      [0, 0],
      [margin, margin],
      [margin, margin],
      [0, 0],
    ]) as tf.Tensor4D
    // 1e-12: the root's slope at zero is infinite, and whole windows are zero behind a rectifier
    return tf
      .avgPool(padded, size, 1, 'valid')
      .mul(size * size)
      .add(1e-12)
      .sqrt()
  })
}

/** Mean over height and width: [batch, height, width, channels] → [batch, channels]. */
export const globalMean: Layer = plain((x) => x.mean([1, 2]))

/** [batch, height, width, channels] → [batch, channels · height · width], channels first: no copy in a traced graph. */
export const flatten: Layer = plain((x) => tf.transpose(x, [0, 3, 1, 2]).reshape([x.shape[0]!, -1]))
