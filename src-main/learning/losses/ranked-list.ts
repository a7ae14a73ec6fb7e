import * as tf from '@tensorflow/tfjs'
import { detached } from '../detach.ts'
import { defineLoss } from './loss.ts'

/** Positives within α − m, negatives beyond α; among those that are not, the worse weigh more. */
export const rankedList = defineLoss({
  id: 'ranked-list',
  name: 'Ranked list',
  formula:
    '(1 − λ) Σ_p w_p (d(a,p) − (α − m)) / Σ w_p + λ Σ_n w_n (α − d(a,n)) / Σ w_n, w = exp(T · violation), violations only',
  source: 'Wang, Hua, Kodirov, Hu, Garnier, Robertson 2019 (Ranked List Loss)',
  compares: 'embeddings',
  distances: ['euclidean'],
  unitLength: 'required',
  defaults: { distance: 'euclidean', miner: 'all', reducer: 'mean' },
  noMiner: 'it chooses by its own boundary',
  settings: {
    margin: { default: 0.4, unit: 'distance', reason: 'm; Wang et al. 2019' },
    alpha: { default: 1.2, unit: 'distance', reason: 'α; Wang et al. 2019' },
    negativeTemperature: { default: 10, unit: '1 / distance', reason: 'Wang et al. 2019' },
    positiveTemperature: {
      default: 0,
      unit: '1 / distance',
      reason: 'Wang et al. 2019: all violating positives alike',
    },
    balance: { default: 0.5, unit: 'share', reason: 'λ; Wang et al. 2019' },
  },
  items({ distances, labelled, labels }, s) {
    const { positive, negative } = labelled
    const tooFar = distances.sub(s.alpha - s.margin) //                    [anchors, references]
    const tooNear = tf.sub(s.alpha, distances)
    const pull = weightedViolation(tooFar, positive, s.positiveTemperature) // [anchors]
    const push = weightedViolation(tooNear, negative, s.negativeTemperature)
    const losses = pull.mul(1 - s.balance).add(push.mul(s.balance))
    return [{ losses, weights: positive.add(negative).max(1), labels }]
  },
})

/** Σ w v / Σ w of the violations v > 0 of each row, w = exp(T v); the weights have a gradient too. */
function weightedViolation(violation: tf.Tensor, mask: tf.Tensor, temperature: number): tf.Tensor {
  const violating = detached([violation], (v) => v.greater(0).cast('float32').mul(mask))
  const weights = violation.mul(violating).mul(temperature).exp().mul(violating)
  const none = detached([violating], (v) => tf.sub(1, v.max(1)))
  return weights.mul(violation).sum(1).div(weights.sum(1).add(none))
}
