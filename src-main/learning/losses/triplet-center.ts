import * as tf from '@tensorflow/tfjs'
import { squaredEuclidean } from '../distances/squared-euclidean.ts'
import { detached } from '../detach.ts'
import { smallestIn } from '../miners/extremes.ts'
import { defineClassLoss, defineLoss } from './loss.ts'

const margin = { default: 5, unit: 'half squared distance', reason: 'He et al. 2018' }

/** Nearer to the own centre than to the nearest other, by a margin; the centres are learned. */
export const tripletCenter = defineClassLoss({
  id: 'triplet-center',
  name: 'Triplet-center, learned centres',
  formula: 'max(0, D(x, c_y) + m − min_{j ≠ y} D(x, c_j)), D = ½ ‖·‖²',
  source: 'He, Zhou, Zhou, Bai, Bai 2018 (Triplet-Center Loss)',
  compares: 'classes',
  defaults: { reducer: 'mean' },
  settings: { margin },
  learned: ({ classes, embeddingLength }) => [
    {
      name: 'loss.centers',
      shape: [classes, embeddingLength],
      initialiser: { kind: 'normal', mean: 0, deviation: 1 / Math.sqrt(embeddingLength) },
      stage: 'loss',
    },
  ],
  items({ embeddings, oneHot, known, labels, learned }, { margin }) {
    const distances = squaredEuclidean(embeddings, learned['loss.centers'] as tf.Tensor2D).div<tf.Tensor2D>(2)
    const others = tf.sub<tf.Tensor2D>(1, oneHot) //                                    [batch, classes]
    return [{ ...towardsOwn(distances, oneHot, others, margin, known), labels }]
  },
})

/** The same with the means of the batch for centres: nothing to learn, and people may change from batch to batch. */
export const tripletCenterBatch = defineLoss({
  id: 'triplet-center-batch',
  name: 'Triplet-center, means of the batch',
  formula: 'max(0, D(x, c_y) + m − min_{j ≠ y} D(x, c_j)), D = ½ ‖·‖², c_j the mean of class j in the batch',
  source: 'after He, Zhou, Zhou, Bai, Bai 2018 (Triplet-Center Loss), whose centres are learned',
  compares: 'embeddings',
  distances: ['squared-euclidean'],
  defaults: { distance: 'squared-euclidean', miner: 'all', reducer: 'mean' },
  noMiner: 'it compares with the means of whole classes',
  noMemory: 'its means are those of the batch',
  settings: {
    margin: {
      default: 0.5,
      unit: 'half squared distance',
      reason: 'a quarter of what the unit sphere allows',
    },
  },
  items({ anchors, labels, labelled }, { margin }) {
    const self = tf.eye(labels.shape[0])
    const same = labelled.positive.add<tf.Tensor2D>(self) //               [batch, batch]
    const means = tf.matMul<tf.Tensor2D>(same.div(same.sum(1, true)), anchors) // row i: the mean of i's class
    const distances = squaredEuclidean(anchors, means).div<tf.Tensor2D>(2)
    const everyone = tf.onesLike(labels).cast('float32') as tf.Tensor1D
    return [{ ...towardsOwn(distances, self, labelled.negative, margin, everyone), labels }]
  },
})

/** The hinge between own and nearest other centre; `own` has one 1 in each row, `others` marks what may be nearest. */
function towardsOwn(
  distances: tf.Tensor2D,
  own: tf.Tensor2D,
  others: tf.Tensor2D,
  margin: number,
  counted: tf.Tensor1D,
): { losses: tf.Tensor; weights: tf.Tensor } {
  const nearest = detached<tf.Tensor2D>([distances], (d) => smallestIn(d as tf.Tensor2D, others))
  const toOwn = distances.mul(own).sum(1)
  const toOther = distances.mul(nearest).sum(1)
  return {
    losses: toOwn.sub(toOther).add(margin).relu(),
    weights: detached([nearest, counted], (n, c) => n.sum(1).mul(c)),
  }
}
