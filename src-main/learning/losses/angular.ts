import type * as tf from '@tensorflow/tfjs'
import { once } from '../miners/pairs.ts'
import { logOnePlusSumExp } from './log-sum-exp.ts'
import { defineLoss } from './loss.ts'

const squaredTangent = (degrees: number) => Math.tan((degrees * Math.PI) / 180) ** 2

/** Bounds the angle at the negative, which no scale of the embedding changes; c is the middle of anchor and positive. */
export const angularTriplet = defineLoss({
  id: 'angular-triplet',
  name: 'Angular, of triplets',
  formula: 'max(0, ‖a − p‖² − 4 tan²α ‖n − c‖²), c = (a + p) / 2',
  source: 'Wang, Zhou, Wen, Liu, Lin 2017 (Angular Loss), of one triplet',
  compares: 'embeddings',
  distances: ['squared-euclidean'],
  defaults: { distance: 'squared-euclidean', miner: 'all', reducer: 'mean' },
  settings: { alphaDeg: { default: 45, unit: 'degrees', reason: 'Wang et al. 2017: 36 to 55' } },
  items({ distances, referenceDistances, triplets, labels }, { alphaDeg }) {
    const chosen = triplets()
    const ap = chosen.anchorPositive(distances)
    const an = chosen.anchorNegative(distances)
    const pn = chosen.positiveNegative(referenceDistances())
    const toMiddle = an.add(pn).div(2).sub(ap.div(4)).relu() //            ‖n − c‖², the median of a triangle (Apollonius)
    const losses = ap.sub(toMiddle.mul(4 * squaredTangent(alphaDeg))).relu()
    return [{ losses, weights: chosen.weights, labels }]
  },
})

/** The same bound, smoothly and against all negatives of an anchor at once. */
export const angular = defineLoss({
  id: 'angular',
  name: 'Angular',
  formula: 'log(1 + Σ_n exp(4 tan²α (a + p) n − 2 (1 + tan²α) a p))',
  source: 'Wang, Zhou, Wen, Liu, Lin 2017 (Angular Loss), of a batch, with every positive pair of the batch',
  compares: 'embeddings',
  distances: ['dot-product', 'cosine-similarity'],
  defaults: { distance: 'cosine-similarity', miner: 'all', reducer: 'mean' },
  settings: { alphaDeg: { default: 45, unit: 'degrees', reason: 'Wang et al. 2017: 36 to 55' } },
  items({ compared, referenceDistances, pairs, labels }, { alphaDeg }) {
    const { positive, negative } = pairs()
    const t = squaredTangent(alphaDeg)
    const an = compared.expandDims(1) //                                   [a, 1, n]
    const pn = referenceDistances().neg().expandDims(0) //                 [1, p, n]; distances are similarities negated
    const ap = compared.expandDims(2) //                                   [a, p, 1]
    const f: tf.Tensor = an
      .add(pn)
      .mul(4 * t)
      .sub(ap.mul(2 * (1 + t)))
    return [{ losses: logOnePlusSumExp(f, once(negative).expandDims(1)), weights: positive, labels }]
  },
})
