import * as tf from '@tensorflow/tfjs'
import { detached } from '../detach.ts'
import { smallestIn } from '../miners/extremes.ts'
import { notSelf } from '../miners/pairs.ts'
import { oneHot, places } from '../one-hot.ts'
import { defineLoss } from './loss.ts'

/**
 * The batch clustered by its true classes must score above every other clustering, by a margin that grows with how
 * wrong that clustering is. The worst offender S is sought greedily, without the swaps by which the paper refines it.
 */
export const clustering = defineLoss({
  id: 'clustering',
  name: 'Clustering (facility location)',
  formula:
    'max(0, max_S (F(S) + γ (1 − NMI(S, y))) − Σ_k max_{j of k} F_k({j})), F(S) = −Σᵢ min_{j ∈ S} d(i,j), |S| = classes in the batch',
  source: 'Oh Song, Jegelka, Rathod, Murphy 2017 (Deep metric learning via facility location)',
  compares: 'embeddings',
  distances: 'distances',
  defaults: { distance: 'euclidean', miner: 'all', reducer: 'sum' },
  noMiner: 'it clusters the whole batch',
  noMemory: 'it clusters the batch itself',
  settings: {
    gamma: { default: 1, unit: 'sum of distances', reason: 'γ; Oh Song et al. 2017' },
    people: {
      default: 0,
      unit: 'classes',
      reason: 'most classes a batch may hold; 0: half its samples, as two make a pair',
    },
  },
  items({ distances: rounded, labelled }, { gamma, people }) {
    const batch = rounded.shape[0]
    // A medoid's distance to itself counts: it is 0, and not the root of what rounding leaves, whose gradient is noise.
    const distances = rounded.mul<tf.Tensor2D>(notSelf(batch))
    const same = labelled.positive.add<tf.Tensor2D>(tf.eye(batch)) //      [batch, batch]
    const steps = people || Math.ceil(batch / 2)
    const found = detached([distances], (d) => worstClustering(d as tf.Tensor2D, same, gamma, steps))
    const [medoids, error] = [found.slice([0], [batch]), found.slice([batch], [1])]

    const nearest = detached<tf.Tensor2D>([distances, medoids], (d, m) => {
      const everyRow = tf.onesLike(d).mul(m) //                            column j is 1 where j is a medoid
      return smallestIn(d as tf.Tensor2D, everyRow)
    })
    const ownMedoid = detached<tf.Tensor2D>([distances], (d) => {
      const cost = tf.onesLike(d).mul<tf.Tensor2D>(d.mul(same).sum(0, true)) // of j, as the medoid of its class
      return smallestIn(cost, same)
    })
    const ofWorst = distances.mul(nearest).sum().neg()
    const ofTruth = distances.mul(ownMedoid).sum().neg()
    const losses = ofWorst.sub(ofTruth).add(error.mul(gamma)).relu() //    [1]
    return [{ losses, weights: tf.ones([1]), labels: null }]
  },
})

/** Adds, one after the other, the medoid that raises F + γ (1 − NMI) most; [batch + 1]: 1 at medoids, then 1 − NMI. */
function worstClustering(distances: tf.Tensor2D, same: tf.Tensor2D, gamma: number, steps: number): tf.Tensor {
  const batch = distances.shape[0]
  const place = places(batch)
  const earlier = place.expandDims(0).less(place.expandDims(1)).cast('float32')
  const first = tf.sub(1, same.mul(earlier).max(1)) //                     [batch]: the first of its class
  const classes = same.mul<tf.Tensor2D>(first.expandDims(0)) //            [sample, class]
  const classCount = first.sum()
  const classEntropy = entropy(classes.sum(0, true).div(batch))

  let toMedoid: tf.Tensor = tf.fill([batch], 1e6) //                       distance to the nearest medoid so far
  let members: tf.Tensor[] = [] //                                         for each medoid, [batch]: 1 where it is nearest
  let medoids: tf.Tensor = tf.zeros([batch])
  let error: tf.Tensor = tf.scalar(0)
  for (let step = 0; step < steps; step++) {
    const toCandidate = distances.transpose() //                           [candidate, sample]
    const moves = toCandidate.less(toMedoid).cast('float32') //            samples that the candidate would take over
    const score = tf.minimum(toCandidate, toMedoid).sum(1).neg() //        F, [candidate]
    const newcomers = moves.matMul(classes) //                             [candidate, class]
    const tables = members.map((m) => tf.sub(1, moves).matMul(classes.mul<tf.Tensor2D>(m.expandDims(1))))
    const table = tf.stack([...tables, newcomers], 2).div(batch) //        [candidate, class, cluster]
    const errors = tf.sub(1, normalisedInformation(table, classEntropy))
    const chosen = score.add(errors.mul(gamma)).sub(medoids.mul(1e9)).argMax(0)
    const open = tf.scalar(step).less(classCount).cast('float32') //       no more medoids than classes
    const winner = oneHot(chosen, batch).mul(open) // [batch]
    const taken = moves.mul(winner.expandDims(1)).sum(0)
    members = [...members.map((m) => m.mul(tf.sub(1, taken))), taken]
    toMedoid = tf.where(taken.greater(0), distances.mul(winner).sum(1), toMedoid)
    medoids = medoids.add(winner)
    error = error.mul(tf.sub(1, open)).add(errors.mul(winner).sum())
  }
  return tf.concat([medoids, error.reshape([1])])
}

/** I / √(H(class) H(cluster)) of joint shares [candidate, class, cluster]: 1 where both are certain, 0 where one is. */
function normalisedInformation(joint: tf.Tensor, classEntropy: tf.Tensor): tf.Tensor {
  const clusterEntropy = entropy(joint.sum(1))
  const together = entropy(joint.reshape([joint.shape[0]!, -1]))
  const information = clusterEntropy.add(classEntropy).sub(together)
  const scale = clusterEntropy.mul(classEntropy).relu().sqrt()
  const certain = clusterEntropy.add(classEntropy).less(1e-6).cast('float32')
  return information.div(scale.maximum(1e-6)).add(certain)
}

/** −Σ p log p over the last axis. */
function entropy(shares: tf.Tensor): tf.Tensor {
  return shares.mul(shares.maximum(1e-12).log()).sum(-1).neg()
}
