import * as tf from '@tensorflow/tfjs'
import { largestIn, smallestIn } from './extremes.ts'
import { defineMiner } from './miner.ts'

export const batchHard = defineMiner({
  id: 'batch-hard',
  name: 'Batch hard',
  formula: 'p(a) = argmax d(a,p), n(a) = argmin d(a,n)',
  source: 'Hermans, Beyer, Leibe 2017, eq. 5',
  selection: 'triplet per anchor',
  settings: {},
  select({ distances, positive, negative }) {
    return whereBoth(largestIn(distances, positive), smallestIn(distances, negative))
  },
})

/** Drops the anchors that lack a positive or a negative, [2, anchors, references]. */
export function whereBoth(positive: tf.Tensor2D, negative: tf.Tensor2D): tf.Tensor {
  const both = positive.sum(1, true).mul(negative.sum(1, true)) //         [anchors, 1]
  return tf.stack([positive, negative]).mul(both)
}
