import * as tf from '@tensorflow/tfjs'
import { plain, type Layer } from './layer.ts'

/**
 * Local response normalisation across `width` neighbouring channels (Krizhevsky et al. 2012, section 3.3, with Torch's
 * α/width): x / (1 + α/width · Σ x²)^0.75. The sum is a 1×1 convolution with a banded matrix, so that it is traced and
 * differentiated like any other layer.
 */
export function responseNormalisation(channels: number, width = 5, alpha = 1e-4): Layer {
  const radius = (width - 1) / 2
  const band = new Float32Array(channels * channels)
  for (let i = 0; i < channels; i++)
    for (let j = Math.max(0, i - radius); j <= Math.min(channels - 1, i + radius); j++)
      band[i * channels + j] = alpha / width
  return plain((x) => {
    const filter = tf.tensor4d(band, [1, 1, channels, channels])
    const energy = tf.conv2d(x.square() as tf.Tensor4D, filter, 1, 'same').add(1)
    const root = energy.sqrt()
    return x.div(root.mul(root.sqrt())) // energy^0.75 without a power
  })
}
