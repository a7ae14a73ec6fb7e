import * as tf from '@tensorflow/tfjs'
import { oneHot } from '../one-hot.ts'
import { defineLoss } from './loss.ts'

/** Positives inside a learned boundary β, negatives outside, by a margin each. */
export const marginLoss = defineLoss({
  id: 'margin',
  name: 'Margin, learned boundary',
  formula: 'max(0, d(a,p) − β + α); max(0, β − d(a,n) + α); + ν β',
  source: 'Wu, Manmatha, Smola, Krähenbühl 2017, the margin-based loss',
  compares: 'embeddings',
  distances: 'distances',
  defaults: { distance: 'euclidean', miner: 'distance-weighted', reducer: 'mean-non-zero' },
  settings: {
    margin: { default: 0.2, unit: 'distance', reason: 'α; Wu et al. 2017' },
    beta: { default: 1.2, unit: 'distance', reason: 'where the boundary begins; Wu et al. 2017' },
    nu: { default: 0, unit: '1 / distance', reason: 'Wu et al. 2017: no penalty on β in their best runs' },
    perClass: { default: false, unit: '', reason: 'one β for all; when true, one for each class' },
  },
  learned: ({ classes }, { beta, perClass }) => [
    {
      name: 'loss.beta',
      shape: [perClass ? classes : 1],
      initialiser: { kind: 'constant', value: beta },
      stage: 'loss',
    },
  ],
  items({ distances, pairsOfTriplets, labels, learned }, { margin, nu }) {
    const { positive, negative } = pairsOfTriplets() //                    as many positives as negatives
    const boundaries = learned['loss.beta'] as tf.Tensor1D
    const classes = boundaries.shape[0]
    const beta =
      classes === 1 ? boundaries.reshape([1, 1]) : oneHot(labels, classes).mul(boundaries).sum(1, true) // [anchors, 1]: of the anchor's class
    const pull = distances.sub(beta).add(margin).relu()
    const push = beta.sub(distances).add(margin).relu()
    return [
      { losses: tf.concat([pull, push], 1), weights: tf.concat([positive, negative], 1), labels },
      { losses: boundaries.mul(nu).sum().reshape([1]), weights: tf.ones([1]), labels: null },
    ]
  },
})
