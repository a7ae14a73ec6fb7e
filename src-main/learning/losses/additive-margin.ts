import * as tf from '@tensorflow/tfjs'
import { detached } from '../detach.ts'
import { root } from '../distances/unit-length.ts'
import { oneHot as oneHotOf } from '../one-hot.ts'
import { classCosines, classWeights } from './class-weights.ts'
import { defineClassLoss } from './loss.ts'
import { softmaxCrossEntropy } from './softmax-cross-entropy.ts'

/** Logits with a margin on the label's cosine: s (cos θ − m) there, s cos θ elsewhere. */
function cosineMargin(cosines: tf.Tensor, oneHot: tf.Tensor, margin: number, scale: number): tf.Tensor {
  return cosines.sub(oneHot.mul(margin)).mul(scale)
}

export const amSoftmax = defineClassLoss({
  id: 'am-softmax',
  name: 'AM-softmax',
  formula: '−log softmax(s (cos θ_y − m), s cos θⱼ)_y',
  source: 'Wang, Cheng, Liu, Liu 2018 (Additive margin softmax); the formula of CosFace with other defaults',
  compares: 'classes',
  defaults: { reducer: 'mean' },
  settings: {
    margin: { default: 0.35, unit: 'cosine', reason: 'Wang et al. 2018' },
    scale: { default: 30, unit: '1 / cosine', reason: 'Wang et al. 2018' },
  },
  learned: classWeights,
  items({ embeddings, oneHot, known, labels, learned }, { margin, scale }) {
    const logits = cosineMargin(classCosines(embeddings, learned), oneHot, margin, scale)
    return [{ losses: softmaxCrossEntropy(logits, oneHot), weights: known, labels }]
  },
})

export const cosFace = defineClassLoss({
  id: 'cosface',
  name: 'CosFace (large-margin cosine)',
  formula: '−log softmax(s (cos θ_y − m), s cos θⱼ)_y',
  source: 'Wang, Wang, Zhou, Ji, Gong, Zhou, Li, Liu 2018 (CosFace), eq. 4',
  compares: 'classes',
  defaults: { reducer: 'mean' },
  settings: {
    margin: { default: 0.35, unit: 'cosine', reason: 'Wang et al. 2018' },
    scale: { default: 64, unit: '1 / cosine', reason: 'Wang et al. 2018' },
  },
  learned: classWeights,
  items({ embeddings, oneHot, known, labels, learned }, { margin, scale }) {
    const logits = cosineMargin(classCosines(embeddings, learned), oneHot, margin, scale)
    return [{ losses: softmaxCrossEntropy(logits, oneHot), weights: known, labels }]
  },
})

const arcFaceSettings = {
  marginRad: { default: 0.5, unit: 'radians', reason: 'Deng et al. 2019; 28.65 degrees' },
  scale: { default: 64, unit: '1 / cosine', reason: 'Deng et al. 2019' },
} as const

export const arcFace = defineClassLoss({
  id: 'arcface',
  name: 'ArcFace',
  formula: '−log softmax(s cos(θ_y + m), s cos θⱼ)_y; cos θ_y − m sin m where θ_y > π − m',
  source: 'Deng, Guo, Xue, Zafeiriou 2019, eq. 3; beyond π − m as in their published code',
  compares: 'classes',
  defaults: { reducer: 'mean' },
  settings: arcFaceSettings,
  learned: classWeights,
  items({ embeddings, oneHot, known, labels, learned }, { marginRad, scale }) {
    const logits = angularMargin(classCosines(embeddings, learned), oneHot, marginRad).mul(scale)
    return [{ losses: softmaxCrossEntropy(logits, oneHot), weights: known, labels }]
  },
})

/** Several centres for each class, so that mislabelled and odd photographs gather at one of their own. */
export const subCenterArcFace = defineClassLoss({
  id: 'sub-center-arcface',
  name: 'Sub-center ArcFace',
  formula: 'ArcFace with cos θⱼ = max over the centres k of cos θⱼₖ',
  source: 'Deng, Guo, Liu, Gong, Zafeiriou 2020 (Sub-center ArcFace)',
  compares: 'classes',
  defaults: { reducer: 'mean' },
  settings: {
    ...arcFaceSettings,
    centers: { default: 3, unit: 'per class', reason: 'K; Deng et al. 2020' },
  },
  learned: ({ classes, embeddingLength }, { centers }) =>
    classWeights({ classes: classes * centers, embeddingLength }), //       columns of one class stand together
  items({ embeddings, oneHot, known, labels, learned }, { marginRad, scale, centers }) {
    const [batch, classes] = oneHot.shape
    const cosines = classCosines(embeddings, learned).reshape([batch, classes, centers])
    const nearest = detached([cosines], (c) => oneHotOf(c.argMax(2), centers))
    const logits = angularMargin(cosines.mul(nearest).sum(2), oneHot, marginRad).mul(scale)
    return [{ losses: softmaxCrossEntropy(logits, oneHot), weights: known, labels }]
  },
})

/** cos(θ + m) at the label, by cos θ cos m − sin θ sin m: an arc cosine would be imprecise near 1. */
function angularMargin(cosines: tf.Tensor, oneHot: tf.Tensor, margin: number): tf.Tensor {
  const cosine = cosines.mul(oneHot).sum(1, true) //                       [batch, 1]: only the label's needs a sine
  const sine = root(tf.sub(1, cosine.square()).relu())
  const turned = cosine.mul(Math.cos(margin)).sub(sine.mul(Math.sin(margin)))
  const within = detached([cosine], (c) => c.greaterEqual(Math.cos(Math.PI - margin)).cast('float32'))
  const beyond = cosine.sub(margin * Math.sin(margin)) //                  keeps falling where cos(θ + m) would rise
  const withMargin = turned.mul(within).add(beyond.mul(tf.sub(1, within)))
  return cosines.mul(tf.sub(1, oneHot)).add(withMargin.mul(oneHot))
}
