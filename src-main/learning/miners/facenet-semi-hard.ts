import * as tf from '@tensorflow/tfjs'
import { oneHot } from '../one-hot.ts'
import { largestIn } from './extremes.ts'
import { defineMiner } from './miner.ts'

/**
 * For each anchor and positive the nearest negative that is farther than the positive; where there is none, the
 * farthest negative. The margin plays no part in the choice, and no pair of anchor and positive is left out.
 */
export const facenetSemiHard = defineMiner({
  id: 'facenet-semi-hard',
  name: 'FaceNet semi-hard',
  formula: 'n(a,p) = argmin { d(a,n) : d(a,n) > d(a,p) }, else argmax d(a,n)',
  source:
    'Schroff, Kalenichenko, Philbin 2015, eq. 4; the fallback is that of TensorFlow’s triplet_semihard_loss',
  selection: 'negative per pair',
  settings: {},
  select({ distances, positive, negative }) {
    const references = distances.shape[1]
    const toNegative = distances.expandDims(1) //                          [anchors, 1, negatives]
    const toPositive = distances.expandDims(2) //                          [anchors, positives, 1]
    const beyond = toNegative.greater(toPositive).cast('float32').mul(negative.expandDims(1)) // [a, p, n]
    const nearest = tf.where(beyond.greater(0), toNegative, 1e30).argMin(2) //                  [a, p]
    const semiHard = oneHot(nearest, references) //                         [a, p, n]
    const found = beyond.max(2, true) //                                   [a, p, 1]
    const fallback = largestIn(distances, negative).expandDims(1) //       [a, 1, n]
    const chosen = semiHard.mul(found).add(fallback.mul(tf.sub(1, found)))
    return chosen.mul(positive.expandDims(2))
  },
})
