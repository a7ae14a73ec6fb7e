import * as tf from '@tensorflow/tfjs'
import { defineLoss } from './loss.ts'

export const binomialDeviance = defineLoss({
  id: 'binomial-deviance',
  name: 'Binomial deviance',
  formula: 'log(1 + exp(−α (s(a,p) − β))) + log(1 + exp(α C (s(a,n) − β))), each averaged by itself',
  source: 'Yi, Lei, Liao, Li 2014 (Deep metric learning for person re-identification)',
  compares: 'embeddings',
  distances: 'similarities',
  defaults: { distance: 'cosine-similarity', miner: 'all', reducer: 'mean' },
  settings: {
    alpha: { default: 2, unit: '1 / cosine', reason: 'Yi et al. 2014' },
    beta: { default: 0.5, unit: 'cosine', reason: 'Yi et al. 2014' },
    cost: {
      default: 25,
      unit: '',
      reason: 'C, the steepness for negatives; Yi et al. 2014 vary it, 25 as in later work',
    },
  },
  items({ compared, pairs, labels }, { alpha, beta, cost }) {
    const { positive, negative } = pairs()
    return [
      { losses: tf.sub(beta, compared).mul(alpha).softplus(), weights: positive, labels },
      {
        losses: compared
          .sub(beta)
          .mul(alpha * cost)
          .softplus(),
        weights: negative,
        labels,
      },
    ]
  },
})
