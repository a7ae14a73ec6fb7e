import * as tf from '@tensorflow/tfjs'
import { weightedMean } from '../reducers/mean.ts'
import { defineLoss } from './loss.ts'

/** Gathers the pairs that lag behind their own mean; used beside another loss. */
export const intraPairVariance = defineLoss({
  id: 'intra-pair-variance',
  name: 'Intra-pair variance',
  formula: 'max(0, (1 − ε⁺) E[s(a,p)] − s(a,p))² + max(0, s(a,n) − (1 + ε⁻) E[s(a,n)])²',
  source: 'Yu and Tao 2019 (Deep metric learning with tuplet margin loss), its intra-pair variance loss',
  compares: 'embeddings',
  distances: ['cosine-similarity'],
  defaults: { distance: 'cosine-similarity', miner: 'all', reducer: 'mean' },
  settings: {
    positiveEpsilon: { default: 0.01, unit: 'share', reason: 'Yu and Tao 2019' },
    negativeEpsilon: { default: 0.01, unit: 'share', reason: 'Yu and Tao 2019' },
  },
  items({ compared, pairs, labels }, { positiveEpsilon, negativeEpsilon }) {
    const { positive, negative } = pairs()
    const low = weightedMean(compared, positive).mul(1 - positiveEpsilon)
    const high = weightedMean(compared, negative).mul(1 + negativeEpsilon)
    return [
      { losses: tf.sub(low, compared).relu().square(), weights: positive, labels },
      { losses: compared.sub(high).relu().square(), weights: negative, labels },
    ]
  },
})
