import * as tf from '@tensorflow/tfjs'
import { detached } from '../detach.ts'
import { once } from '../miners/pairs.ts'
import { logSumExp } from './log-sum-exp.ts'
import { defineClassLoss, defineLoss } from './loss.ts'
import { classCosines, classWeights } from './class-weights.ts'
import { softmaxCrossEntropy } from './softmax-cross-entropy.ts'

const settings = {
  margin: { default: 0.25, unit: 'cosine', reason: 'm; Sun et al. 2020, section 4.1, face recognition' },
  gamma: { default: 256, unit: '1 / cosine', reason: 'γ; Sun et al. 2020, section 4.1, face recognition' },
} as const

/** Each similarity is pulled as hard as it is far from its optimum: that pace, α, is a constant of the gradient. */
export const circle = defineLoss({
  id: 'circle',
  name: 'Circle',
  formula:
    'log(1 + Σ_n exp(γ αₙ (s(a,n) − m)) Σ_p exp(−γ αₚ (s(a,p) − 1 + m))), αₚ = [1 + m − s]₊, αₙ = [s + m]₊',
  source: 'Sun, Cheng, Zhang, Zhang, Zheng, Wang, Wei 2020 (Circle Loss), eq. 5 and 6',
  compares: 'embeddings',
  distances: ['cosine-similarity'],
  defaults: { distance: 'cosine-similarity', miner: 'all', reducer: 'mean' },
  settings,
  items({ compared, pairs, labels }, { margin, gamma }) {
    const { positive, negative } = pairs()
    const pull = logSumExp(positiveLogits(compared, margin, gamma).neg(), once(positive)) // [anchors]
    const push = logSumExp(negativeLogits(compared, margin, gamma), once(negative))
    const weights = detached([positive, negative], (p, n) => p.max(1).mul(n.max(1)).minimum(1))
    return [{ losses: pull.add(push).softplus(), weights, labels }]
  },
})

export const circleOfClasses = defineClassLoss({
  id: 'circle-classes',
  name: 'Circle, against classes',
  formula:
    'log(1 + Σ_{j ≠ y} exp(γ αⱼ (cos θⱼ − m)) exp(−γ α_y (cos θ_y − 1 + m))), αⱼ = [cos θⱼ + m]₊, α_y = [1 + m − cos θ_y]₊',
  source:
    'Sun, Cheng, Zhang, Zhang, Zheng, Wang, Wei 2020 (Circle Loss), eq. 5 and 6 on the similarities of eq. 2',
  compares: 'classes',
  defaults: { reducer: 'mean' },
  settings,
  learned: classWeights,
  items({ embeddings, oneHot, known, labels, learned }, { margin, gamma }) {
    const cosines = classCosines(embeddings, learned)
    const logits = positiveLogits(cosines, margin, gamma)
      .mul(oneHot)
      .add(negativeLogits(cosines, margin, gamma).mul(tf.sub(1, oneHot)))
    return [{ losses: softmaxCrossEntropy(logits, oneHot), weights: known, labels }]
  },
})

/** γ αₚ (s − Δₚ), Δₚ = 1 − m. */
function positiveLogits(similarities: tf.Tensor, margin: number, gamma: number): tf.Tensor {
  const pace = detached([similarities], (s) => tf.sub(1 + margin, s).relu())
  return similarities
    .sub(1 - margin)
    .mul(pace)
    .mul(gamma)
}

/** γ αₙ (s − Δₙ), Δₙ = m. */
function negativeLogits(similarities: tf.Tensor, margin: number, gamma: number): tf.Tensor {
  const pace = detached([similarities], (s) => s.add(margin).relu())
  return similarities.sub(margin).mul(pace).mul(gamma)
}
