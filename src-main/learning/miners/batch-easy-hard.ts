import type * as tf from '@tensorflow/tfjs'
import { whereBoth } from './batch-hard.ts'
import { chosenValue, largestIn, smallestIn } from './extremes.ts'
import { defineMiner } from './miner.ts'

const choices = ['easy', 'semi-hard', 'hard'] as const

/** One positive and one negative for each anchor: the nearest positive leaves spread-out classes spread out. */
export const batchEasyHard = defineMiner({
  id: 'batch-easy-hard',
  name: 'Batch easy–hard',
  formula:
    'p(a): nearest (easy) or farthest (hard); n(a): nearest (hard), nearest beyond d(a,p) (semi-hard), farthest (easy)',
  source: 'Xuan, Stylianou, Pless 2020 (Improved embeddings with easy positive triplet mining)',
  selection: 'triplet per anchor',
  settings: {
    positives: { default: 'easy', unit: '', reason: 'Xuan et al. 2020', choices },
    negatives: { default: 'semi-hard', unit: '', reason: 'Xuan et al. 2020', choices },
  },
  select({ distances, positive, negative }, { positives, negatives }) {
    if (positives === 'semi-hard' && negatives === 'semi-hard') {
      throw new Error(
        'batch-easy-hard: positives and negatives cannot both be semi-hard, each is defined by the other',
      )
    }
    if (positives === 'semi-hard') {
      const n = negatives === 'hard' ? smallestIn(distances, negative) : largestIn(distances, negative)
      const nearer = distances.less(chosenValue(distances, n, -1e30)).cast('float32')
      return whereBoth(largestIn(distances, positive.mul(nearer)), n)
    }
    const p = positives === 'hard' ? largestIn(distances, positive) : smallestIn(distances, positive)
    if (negatives === 'easy') return whereBoth(p, largestIn(distances, negative))
    const beyond: tf.Tensor =
      negatives === 'semi-hard'
        ? negative.mul(distances.greater(chosenValue(distances, p, 1e30)).cast('float32'))
        : negative
    return whereBoth(p, smallestIn(distances, beyond))
  },
})
