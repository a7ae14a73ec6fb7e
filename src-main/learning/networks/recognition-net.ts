import * as tf from '@tensorflow/tfjs'
import { relu } from '../layers/activation.ts'
import { residual, sequence, stage } from '../layers/composition.ts'
import { convolution } from '../layers/convolution.ts'
import { plain, type Layer } from '../layers/layer.ts'
import { channelScale, linear } from '../layers/linear.ts'
import { globalMean, maxPooling } from '../layers/pooling.ts'
import { network, type Network } from './network.ts'

const meanRgb = [122.782, 117.001, 104.298] // dlib's ImageNet mean, as face-api subtracts it

/**
 * face-api's FaceRecognitionNet: dlib's ResNet with 29 convolutions (King 2017), RGB 150×150 → 128. Its pre-trained
 * weights come through `recognitionWeights`; the bias before each scale layer is folded into that layer's shift.
 */
export function recognitionNet(): Network {
  return network(
    {
      name: 'recognition',
      source:
        'King 2017 (dlib), weights by way of face-api; convolution bias folded into the shift that follows',
      input: [150, 150, 3],
      embeddingLength: 128,
    },
    [
      stage(
        'conv32',
        plain((x) => x.sub(tf.tensor1d(meanRgb)).div(255)),
        scaled('conv32_down', 3, 32, { kernel: 7, stride: 2 }),
        maxPooling(3, 2),
        relu, // dlib's order is the other; the result and its gradient are the same, on a quarter of the map
        ...['conv32_1', 'conv32_2', 'conv32_3'].map((name) => block(name, 32)),
      ),
      stage(
        'conv64',
        blockDown('conv64_down', 32, 64),
        ...['conv64_1', 'conv64_2', 'conv64_3'].map((name) => block(name, 64)),
      ),
      stage(
        'conv128',
        blockDown('conv128_down', 64, 128),
        ...['conv128_1', 'conv128_2'].map((name) => block(name, 128)),
      ),
      stage(
        'conv256',
        blockDown('conv256_down', 128, 256),
        ...['conv256_1', 'conv256_2'].map((name) => block(name, 256)),
        blockDown('conv256_down_out', 256, 256),
        globalMean,
      ),
      stage('head', linear('fc', 256, 128)),
    ],
  )
}

/** A convolution with dlib's "scale layer", a learned factor and shift for each channel. */
function scaled(name: string, inputs: number, outputs: number, { kernel = 3, stride = 1 } = {}): Layer {
  const padding = stride === 1 ? 'same' : 'valid'
  const plain = convolution(name, inputs, outputs, { kernel, stride, padding })
  const scale = channelScale(name, outputs)
  const [weights, factor, shift] = [...plain.parameters, ...scale.parameters].map(({ name }) => name)
  return {
    parameters: [...plain.parameters, ...scale.parameters],
    statistics: [],
    apply(x, pass) {
      // The factor multiplies the weights: the same product, without a pass over the map there and two back.
      const factors = pass.parameter(factor!).reshape([outputs, 1, 1, 1])
      const filter = pass.parameter(weights!).mul(factors).transpose([2, 3, 1, 0]) as tf.Tensor4D
      return tf.conv2d(x as tf.Tensor4D, filter, stride, padding).add(pass.parameter(shift!))
    },
  }
}

function block(name: string, channels: number): Layer {
  const path = sequence(
    scaled(`${name}.1`, channels, channels),
    relu,
    scaled(`${name}.2`, channels, channels),
  )
  return sequence(residual(path), relu)
}

/** Halves the map. Both paths are padded with zeros to a common size: channels on the shortcut, the last row and column on the path. */
function blockDown(name: string, inputs: number, outputs: number): Layer {
  const path = sequence(
    scaled(`${name}.1`, inputs, outputs, { stride: 2 }),
    relu,
    scaled(`${name}.2`, outputs, outputs),
  )
  return {
    ...path,
    apply(x, pass) {
      const pooled = tf.avgPool(x as tf.Tensor4D, 2, 2, 'valid')
      const y = path.apply(x, pass)
      return tf.relu(grow(y, pooled.shape).add(grow(pooled, y.shape)))
    },
  }
}

/** Pads with zeros at the end of each axis up to the given shape. */
function grow(x: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const paddings = x.shape.map((length, axis): [number, number] => [0, Math.max(0, shape[axis]! - length)])
  return paddings.some(([, after]) => after > 0) ? tf.pad(x, paddings) : x
}
