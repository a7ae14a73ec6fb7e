import * as tf from '@tensorflow/tfjs'
import { defineMiner } from './miner.ts'

export const pairMargin = defineMiner({
  id: 'pair-margin',
  name: 'Pairs inside the margins',
  formula: 'positives with d > positive margin; negatives with d < negative margin',
  source: 'pytorch-metric-learning, PairMarginMiner',
  selection: 'pairs',
  settings: {
    positiveMargin: { default: 0.2, unit: 'distance', reason: 'pytorch-metric-learning' },
    negativeMargin: { default: 0.8, unit: 'distance', reason: 'pytorch-metric-learning' },
  },
  select({ distances, positive, negative }, { positiveMargin, negativeMargin }) {
    return tf.stack([
      positive.mul(distances.greater(positiveMargin).cast('float32')),
      negative.mul(distances.less(negativeMargin).cast('float32')),
    ])
  },
})
