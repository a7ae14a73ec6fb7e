import * as tf from '@tensorflow/tfjs'
import { parameter, type Layer, type Statistic } from './layer.ts'

export interface BatchNormSettings {
  /** Share of the newest batch in the running statistics. */
  momentum?: number
  epsilon?: number
  /** Start of the scale. */
  scale?: number
}

/**
 * Batch normalisation over all axes but the last (Ioffe and Szegedy 2015, algorithm 1). In training it normalises by
 * the batch and hands over the new running statistics, the variance unbiased as in PyTorch; otherwise by the running
 * statistics.
 */
export function batchNorm(
  name: string,
  channels: number,
  { momentum = 0.1, epsilon = 1e-5, scale = 1 }: BatchNormSettings = {},
): Layer {
  const gamma = parameter(`${name}.scale`, [channels], { kind: 'constant', value: scale })
  const beta = parameter(`${name}.shift`, [channels], { kind: 'constant', value: 0 })
  const mean: Statistic = { name: `${name}.mean`, shape: [channels], initial: 0, stage: '' }
  const variance: Statistic = { name: `${name}.variance`, shape: [channels], initial: 1, stage: '' }
  return {
    parameters: [gamma, beta],
    statistics: [mean, variance],
    apply(x, pass) {
      const [g, b] = [pass.parameter(gamma.name), pass.parameter(beta.name)]
      const [runningMean, runningVariance] = [pass.statistic(mean.name), pass.statistic(variance.name)]
      if (!pass.isTraining(mean.name)) {
        const factor = runningVariance.add(epsilon).rsqrt().mul(g)
        return x.mul(factor).add(b.sub(runningMean.mul(factor)))
      }
      return normaliseByBatch(x, g, b, epsilon, (batchMean, batchVariance) => {
        const samples = x.size / channels
        const unbiased = batchVariance.mul(samples / Math.max(samples - 1, 1))
        pass.update(mean.name, runningMean.mul(1 - momentum).add(batchMean.mul(momentum)))
        pass.update(variance.name, runningVariance.mul(1 - momentum).add(unbiased.mul(momentum)))
      })
    },
  }
}

/**
 * The normalisation with its gradient in closed form: automatic differentiation of the same lines makes about twice as
 * many passes over tensors of the activations' size.
 */
function normaliseByBatch(
  x: tf.Tensor,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  epsilon: number,
  measured: (mean: tf.Tensor, variance: tf.Tensor) => void,
): tf.Tensor {
  const axes = x.shape.slice(0, -1).map((_, axis) => axis)
  const samples = x.size / x.shape.at(-1)!
  const normalise = tf.customGrad((x, gamma, beta, save) => {
    const mean = tf.mean(x as tf.Tensor, axes)
    const centred = tf.sub(x as tf.Tensor, mean)
    const variance = centred.square().mean(axes)
    measured(mean, variance)
    const inverse = variance.add(epsilon).rsqrt()
    const factor = inverse.mul(gamma as tf.Tensor)
    const keep = save as tf.GradSaveFunc
    keep([centred, inverse, factor])
    return {
      value: centred.mul(factor).add(beta as tf.Tensor),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [centred, inverse, factor] = saved as [tf.Tensor, tf.Tensor, tf.Tensor]
        const dBeta = dy.sum(axes)
        const dGamma = dy.mul(centred).sum(axes).mul(inverse)
        // dx = γ/σ · (dy − mean(dy) − x̂ · mean(dy · x̂)), with the constant parts gathered into one number per channel
        const slope = factor.mul(inverse).mul(dGamma).div(-samples)
        const offset = factor.mul(dBeta).div(-samples)
        return [centred.mul(slope).add(offset).add(dy.mul(factor)), dGamma, dBeta]
      },
    }
  })
  return normalise(x, gamma, beta)
}
