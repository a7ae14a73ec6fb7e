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
    apply: (x, pass) => rectified(x, pass.parameter(slope.name)),
  }
}

/** Its gradient in closed form: TensorFlow.js's own selects three times over tensors of the activations' size. */
function rectified(x: tf.Tensor, slope: tf.Tensor): tf.Tensor {
  const axes = x.shape.slice(0, -1).map((_, axis) => axis)
  const rectify = tf.customGrad((x, slope, save) => {
    ;(save as tf.GradSaveFunc)([x as tf.Tensor, slope as tf.Tensor])
    return {
      value: tf.prelu(x as tf.Tensor, slope as tf.Tensor),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [x, slope] = saved as [tf.Tensor, tf.Tensor]
        const rise = tf.step(x).mul(tf.sub(1, slope)).add(slope) // 1 where positive, else the slope
        return [dy.mul(rise), dy.mul(tf.minimum(x, 0)).sum(axes)]
      },
    }
  })
  return rectify(x, slope)
}
