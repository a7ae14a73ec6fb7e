import * as tf from '@tensorflow/tfjs'
import { defineLoss } from './loss.ts'

export const contrastive = defineLoss({
  id: 'contrastive',
  name: 'Contrastive',
  formula: '½ d(a,p)²; ½ max(0, m − d(a,n))²',
  source: 'Hadsell, Chopra, LeCun 2006, eq. 4',
  compares: 'embeddings',
  distances: 'distances',
  defaults: { distance: 'euclidean', miner: 'all', reducer: 'mean' },
  settings: {
    margin: {
      default: 1,
      unit: 'distance',
      reason: 'half the diameter of the unit sphere; the paper leaves it open',
    },
  },
  items({ distances, pairs, labels }, { margin }) {
    const { positive, negative } = pairs()
    const pull = distances.square().div(2) //                              [anchors, references]
    const push = tf.sub(margin, distances).relu().square().div(2)
    return [{ losses: tf.concat([pull, push], 1), weights: tf.concat([positive, negative], 1), labels }]
  },
})
