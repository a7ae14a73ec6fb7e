import * as tf from '@tensorflow/tfjs'
import { detached } from '../detach.ts'
import { once } from '../miners/pairs.ts'
import { logSumExp } from './log-sum-exp.ts'
import { defineLoss } from './loss.ts'

/** Each positive pair against all negatives of both its ends. */
export const liftedStructure = defineLoss({
  id: 'lifted-structure',
  name: 'Lifted structure',
  formula: '½ max(0, log(Σ_k exp(m⁻ − d(i,k)) + Σ_l exp(m⁻ − d(j,l))) + d(i,j) − m⁺)²',
  source:
    'Oh Song, Xiang, Jegelka, Savarese 2016, the smooth bound, there with m⁻ = 1, m⁺ = 0 and any length of embedding',
  compares: 'embeddings',
  distances: 'distances',
  defaults: { distance: 'euclidean', miner: 'all', reducer: 'mean' },
  settings: {
    negativeMargin: { default: 1, unit: 'distance', reason: 'Oh Song et al. 2016' },
    positiveMargin: { default: 0, unit: 'distance', reason: 'Oh Song et al. 2016 have none' },
  },
  items({ distances, pairs, labels }, { negativeMargin, positiveMargin }) {
    const { positive, negative } = pairs()
    const repulsion = tf.sub(negativeMargin, distances)
    const mask = once(negative)
    const ofAnchor = logSumExp(repulsion, mask).expandDims(1) //           [i, 1]
    const ofPositive = logSumExp(repulsion.transpose(), mask.transpose()).expandDims(0) // [1, j]: distances are symmetric
    const has = detached<tf.Tensor3D>([mask], (m) => {
      const [anchor, other] = [m.max(1, true), m.max(0, true)] //           whether either end has a negative at all
      return tf.stack([anchor.mul(tf.onesLike(other)), other.mul(tf.onesLike(anchor))])
    })
    const [anchorHas, positiveHas] = [has.slice([0], [1]).squeeze([0]), has.slice([1], [1]).squeeze([0])]
    const peak = detached([ofAnchor, ofPositive], (a, p) => tf.maximum(a, p))
    const either = detached([anchorHas, positiveHas], (a, p) => tf.maximum(a, p))
    const both = ofAnchor.sub(peak).exp().mul(anchorHas).add(ofPositive.sub(peak).exp().mul(positiveHas))
    const j = both.add(tf.sub(1, either)).log().add(peak).add(distances).sub(positiveMargin)
    return [{ losses: j.relu().square().div(2), weights: positive.mul(either), labels }]
  },
})

/** All positives of an anchor against all its negatives. */
export const generalisedLiftedStructure = defineLoss({
  id: 'generalised-lifted-structure',
  name: 'Generalised lifted structure',
  formula: 'max(0, log Σ_p exp(d(a,p) − m⁺) + log Σ_n exp(m⁻ − d(a,n)))',
  source: 'Hermans, Beyer, Leibe 2017, eq. 7, there with m⁺ = 0',
  compares: 'embeddings',
  distances: 'distances',
  defaults: { distance: 'euclidean', miner: 'all', reducer: 'mean' },
  settings: {
    negativeMargin: { default: 1, unit: 'distance', reason: 'Oh Song et al. 2016' },
    positiveMargin: { default: 0, unit: 'distance', reason: 'Hermans et al. 2017 have none' },
  },
  items({ distances, pairs, labels }, { negativeMargin, positiveMargin }) {
    const { positive, negative } = pairs()
    const pull = logSumExp(distances.sub(positiveMargin), once(positive)) // [anchors]
    const push = logSumExp(tf.sub(negativeMargin, distances), once(negative))
    const weights = detached([positive, negative], (p, n) => p.max(1).mul(n.max(1)).minimum(1))
    return [{ losses: pull.add(push).relu(), weights, labels }]
  },
})
