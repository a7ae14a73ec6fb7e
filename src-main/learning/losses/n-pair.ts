import * as tf from '@tensorflow/tfjs'
import { smallestIn } from '../miners/extremes.ts'
import { logSumExp } from './log-sum-exp.ts'
import { places } from '../one-hot.ts'
import { defineLoss } from './loss.ts'

/** One anchor and one positive of each class, each anchor against the positives of all the others. */
export const nPair = defineLoss({
  id: 'n-pair',
  name: 'N-pair',
  formula: 'log(1 + Σ_{j ≠ i} exp(xᵢ x⁺ⱼ − xᵢ x⁺ᵢ)), one pair (x, x⁺) of each class',
  source: 'Sohn 2016, the multi-class N-pair loss',
  compares: 'embeddings',
  distances: 'similarities',
  defaults: { distance: 'dot-product', miner: 'all', reducer: 'mean' },
  noMiner: 'it takes the first two samples of each class',
  noMemory: 'its anchors and positives are both of the batch',
  settings: {},
  items({ compared, labelled, labels }) {
    const batch = labels.shape[0]
    const place = places(batch)
    const earlier = place.expandDims(0).less(place.expandDims(1)).cast('float32') // [i, j]: j before i
    const first = tf.sub(1, labelled.positive.mul(earlier).max(1)) //      [batch]: the first of its class
    const columns = tf.zeros<tf.Rank.R2>([batch, batch]).add<tf.Tensor2D>(place.expandDims(0))
    const partner = smallestIn(columns, labelled.positive) //              [i, k]: k is i's positive
    const anchor = first.mul(partner.sum(1)) //                            [batch]: 1 where i is an anchor
    const logits = compared.matMul<tf.Tensor2D>(partner, false, true) //   [i, j]: anchor i with the positive of j
    const own = logits.mul(tf.eye(batch)).sum(1)
    const losses = logSumExp(logits, anchor.expandDims(0)).sub(own)
    return [{ losses, weights: anchor, labels }]
  },
})
