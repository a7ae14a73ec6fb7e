import * as tf from '@tensorflow/tfjs'
import { defineLoss } from './loss.ts'

/** Pulls only pairs at the wrong side of two fixed limits, so that one threshold suits all classes; used beside another loss. */
export const thresholdConsistentMargin = defineLoss({
  id: 'threshold-consistent-margin',
  name: 'Threshold-consistent margin',
  formula: 'λ⁺ mean of max(0, m⁺ − s(a,p)) > 0 + λ⁻ mean of max(0, s(a,n) − m⁻) > 0',
  source: 'Zhang, Xu, Tang, Fang, Wu, Tighe, Xing 2024 (Threshold-Consistent Margin Loss)',
  compares: 'embeddings',
  distances: ['cosine-similarity'],
  defaults: { distance: 'cosine-similarity', miner: 'all', reducer: 'mean-non-zero' },
  settings: {
    positiveMargin: { default: 0.9, unit: 'cosine', reason: 'm⁺; Zhang et al. 2024' },
    negativeMargin: { default: 0.5, unit: 'cosine', reason: 'm⁻; Zhang et al. 2024' },
    positiveWeight: { default: 1, unit: '', reason: 'λ⁺; pytorch-metric-learning' },
    negativeWeight: { default: 1, unit: '', reason: 'λ⁻; pytorch-metric-learning' },
  },
  items({ compared, pairs, labels }, s) {
    const { positive, negative } = pairs()
    const pull = tf.sub(s.positiveMargin, compared).relu().mul(s.positiveWeight)
    const push = compared.sub(s.negativeMargin).relu().mul(s.negativeWeight)
    return [
      { losses: pull, weights: positive, labels },
      { losses: push, weights: negative, labels },
    ]
  },
})
