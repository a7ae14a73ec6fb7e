import * as tf from '@tensorflow/tfjs'
import { detached } from '../detach.ts'
import { defineReducer, type Items } from './reducer.ts'

export const mean = defineReducer({
  id: 'mean',
  name: 'Mean',
  formula: 'Σ wᵢ lᵢ / Σ wᵢ',
  source: 'pytorch-metric-learning, MeanReducer',
  settings: {},
  reduce: (items) => weightedMean(items.losses, items.weights),
})

export const meanOfNonZero = defineReducer({
  id: 'mean-non-zero',
  name: 'Mean of the non-zero',
  formula: 'Σ wᵢ lᵢ / Σ wᵢ [lᵢ > 0]',
  source:
    'Hermans, Beyer, Leibe 2017, section 3.4: "batch all ≠ 0"; pytorch-metric-learning, AvgNonZeroReducer',
  settings: {},
  reduce: (items) => weightedMean(items.losses, active(items)),
})

/** Weights of the items whose loss is above zero, in the shape of `losses`. */
export function active({ losses, weights }: Items): tf.Tensor {
  return detached([losses, weights], (l, w) => l.greater(0).cast('float32').mul(w))
}

/** Σ w l / Σ w; 0 where all weights are 0. */
export function weightedMean(losses: tf.Tensor, weights: tf.Tensor): tf.Scalar {
  const count = detached([losses, weights], (l, w) => tf.zerosLike(l).add(w).sum().maximum(1e-12))
  return losses.mul(weights).sum().div(count)
}
