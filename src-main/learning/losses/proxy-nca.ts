import * as tf from '@tensorflow/tfjs'
import { squaredEuclidean } from '../distances/squared-euclidean.ts'
import { unitLength } from '../distances/unit-length.ts'
import { proxies } from './class-weights.ts'
import { logSumExp } from './log-sum-exp.ts'
import { defineClassLoss, type ClassBatch } from './loss.ts'
import { softmaxCrossEntropy } from './softmax-cross-entropy.ts'

/** As published: the own proxy stands in no denominator, so the loss may fall below 0. */
export const proxyNca = defineClassLoss({
  id: 'proxy-nca',
  name: 'Proxy-NCA',
  formula: '−log(exp(−d(x, p_y)) / Σ_{z ≠ y} exp(−d(x, p_z))), d = ‖x/‖x‖ − p/‖p‖‖²',
  source: 'Movshovitz-Attias, Toshev, Leung, Ioffe, Singh 2017 (No fuss distance metric learning)',
  compares: 'classes',
  defaults: { reducer: 'mean' },
  settings: {},
  learned: proxies,
  items(batch) {
    const distances = toProxies(batch)
    const others = tf.sub(1, batch.oneHot) //                              [batch, classes]
    const toOwn = distances.mul(batch.oneHot).sum(1)
    const losses = toOwn.add(logSumExp(distances.neg(), others))
    return [{ losses, weights: batch.known.mul(others.max(1)), labels: batch.labels }]
  },
})

/** With the own proxy in the denominator, which makes it a softmax over proxies. */
export const proxyNcaSoftmax = defineClassLoss({
  id: 'proxy-nca-softmax',
  name: 'Proxy-NCA, softmax form',
  formula: '−log softmax(−σ d(x, p))_y, d = ‖x/‖x‖ − p/‖p‖‖²',
  source:
    'Teh, DeVries, Taylor 2020 (ProxyNCA++), eq. 4 to 6, σ = 1/T; pytorch-metric-learning, ProxyNCALoss',
  compares: 'classes',
  defaults: { reducer: 'mean' },
  settings: {
    scale: { default: 9, unit: '1 / squared distance', reason: 'Teh et al. 2020: T = 1/9' },
  },
  learned: proxies,
  items(batch, { scale }) {
    const logits = toProxies(batch).mul(-scale)
    return [{ losses: softmaxCrossEntropy(logits, batch.oneHot), weights: batch.known, labels: batch.labels }]
  },
})

/** Squared distances between unit vectors, [batch, classes]. */
function toProxies({ embeddings, learned }: ClassBatch): tf.Tensor2D {
  return squaredEuclidean(unitLength(embeddings), unitLength(learned['loss.proxies'] as tf.Tensor2D))
}
