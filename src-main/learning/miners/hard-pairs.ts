import * as tf from '@tensorflow/tfjs'
import { defineMiner } from './miner.ts'

/** Keeps the hardest share of all positive pairs of the batch and, counted apart, of all negative pairs. */
export const hardPairs = defineMiner({
  id: 'hard-pairs',
  name: 'Hard pairs',
  formula:
    'the farthest h of the positive pairs and the nearest h of the negative pairs; equals stay together',
  source: 'Yuan, Yang, Zhang 2017 (Hard-Aware Deeply Cascaded Embedding)',
  selection: 'pairs',
  settings: {
    share: { default: 0.5, unit: 'share', reason: 'Yuan et al. 2017: 50 % in the second cascade' },
  },
  select({ distances, positive, negative }, { share }) {
    return tf.stack([hardest(distances, positive, share), hardest(distances.neg(), negative, share)])
  },
})

/** The pairs of the mask among its ceil(share × count) largest values. The count depends on the numbers, so the limit is looked up by a one-hot product. */
function hardest(values: tf.Tensor2D, mask: tf.Tensor2D, share: number): tf.Tensor2D {
  const inside = tf.where(mask.greater(0), values, -1e30)
  const sorted = tf.topk(inside.flatten(), inside.size).values //          [anchors × references], falling
  // One hundred-thousandth short, so that 0.2 × 10, held as 2.0000001, stays 2.
  const kept = mask.sum().mul(share).sub(1e-5).ceil()
  const last = tf
    .range(1, inside.size + 1)
    .equal(kept)
    .cast('float32')
  const limit = sorted.mul(last).sum()
  return inside.greaterEqual(limit).cast('float32').mul(mask)
}
