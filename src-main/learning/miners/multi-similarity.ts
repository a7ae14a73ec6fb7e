import * as tf from '@tensorflow/tfjs'
import { defineMiner } from './miner.ts'

export const multiSimilarityMiner = defineMiner({
  id: 'multi-similarity',
  name: 'Multi-similarity mining',
  formula: 'negatives with s(a,n) + ε > min s(a,p); positives with s(a,p) − ε < max s(a,n)',
  source: 'Wang, Han, Huang, Dong, Scott 2019 (Multi-Similarity Loss), pair mining',
  selection: 'pairs',
  distance: 'cosine-similarity',
  settings: { epsilon: { default: 0.1, unit: 'cosine', reason: 'Wang et al. 2019' } },
  select({ distances, positive, negative }, { epsilon }) {
    const farthestPositive = tf.where(positive.greater(0), distances, -1e30).max(1, true)
    const nearestNegative = tf.where(negative.greater(0), distances, 1e30).min(1, true)
    const p = positive.mul(distances.add(epsilon).greater(nearestNegative).cast('float32'))
    const n = negative.mul(distances.sub(epsilon).less(farthestPositive).cast('float32'))
    return tf.stack([p, n])
  },
})
