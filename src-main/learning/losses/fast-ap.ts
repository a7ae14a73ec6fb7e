import * as tf from '@tensorflow/tfjs'
import { detached } from '../detach.ts'
import { places } from '../one-hot.ts'
import { defineLoss } from './loss.ts'

/** Average precision of each anchor's ranking, its counts taken from a soft histogram of distances. */
export const fastAp = defineLoss({
  id: 'fast-ap',
  name: 'FastAP',
  formula: '1 − 1/|P| Σ_z h⁺(z) H⁺(z) / H(z)',
  source: 'Cakir, He, Xia, Kulis, Sclaroff 2019 (Deep metric learning to rank)',
  compares: 'embeddings',
  distances: ['squared-euclidean'],
  unitLength: 'required',
  defaults: { distance: 'squared-euclidean', miner: 'all', reducer: 'mean' },
  noMiner: 'it ranks the whole batch',
  settings: { bins: { default: 10, unit: 'bins', reason: 'Cakir et al. 2019' } },
  items({ distances, labelled, labels }, { bins }) {
    const { positive, negative } = labelled
    const width = 4 / bins //                                              squared distances of unit vectors end at 4
    const edge = places(bins + 1)
    const share = tf.sub(1, distances.expandDims(2).sub(edge.mul(width)).abs().div(width)).relu() // [a, r, edges]
    const h = share.mul(positive.expandDims(2)).sum(1) as tf.Tensor2D //   [a, edges]
    const hOfAll = share.mul(positive.add(negative).expandDims(2)).sum(1) as tf.Tensor2D
    const upTo = edge.expandDims(1).lessEqual(edge.expandDims(0)).cast('float32') as tf.Tensor2D // a running sum
    const total = hOfAll.matMul(upTo)
    const empty = detached([total], (t) => t.lessEqual(0).cast('float32'))
    const precision = h.mul(h.matMul(upTo)).div(total.add(empty)).sum(1) // [a]
    const positives = positive.sum(1)
    const losses = tf.sub(1, precision.div(positives.maximum(1)))
    return [{ losses, weights: positives.minimum(1), labels }]
  },
})
