import * as tf from '@tensorflow/tfjs'
import { defineLoss } from './loss.ts'

/** Not squared, and the means of positives and of negatives are added: few positives weigh as much as many negatives. */
export const contrastiveLinear = defineLoss({
  id: 'contrastive-linear',
  name: 'Contrastive, linear',
  formula: 'max(0, d(a,p) − m⁺) + max(0, m⁻ − d(a,n)), each reduced by itself',
  source: 'pytorch-metric-learning, ContrastiveLoss; not the squared form of Hadsell et al. 2006',
  compares: 'embeddings',
  distances: 'distances',
  defaults: { distance: 'euclidean', miner: 'all', reducer: 'mean-non-zero' },
  settings: {
    positiveMargin: { default: 0, unit: 'distance', reason: 'pytorch-metric-learning' },
    negativeMargin: { default: 1, unit: 'distance', reason: 'pytorch-metric-learning' },
  },
  items({ distances, pairs, labels }, { positiveMargin, negativeMargin }) {
    const { positive, negative } = pairs()
    return [
      { losses: distances.sub(positiveMargin).relu(), weights: positive, labels },
      { losses: tf.sub(negativeMargin, distances).relu(), weights: negative, labels },
    ]
  },
})
