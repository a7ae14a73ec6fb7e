import * as tf from '@tensorflow/tfjs'
import { classCosines, classWeights } from './class-weights.ts'
import { places } from '../one-hot.ts'
import { defineClassLoss } from './loss.ts'
import { softmaxCrossEntropy } from './softmax-cross-entropy.ts'
import { unitLength } from '../distances/unit-length.ts'

/** Several centres for each class, softly assigned; those not needed are drawn together. */
export const softTriple = defineClassLoss({
  id: 'soft-triple',
  name: 'SoftTriple',
  formula:
    '−log softmax(λ (S_y − δ), λ Sⱼ)_y, Sⱼ = Σ_k softmax_k(cos θⱼₖ / γ) cos θⱼₖ; + τ Σ √(2 − 2 wⱼₛ wⱼₜ) / (C K (K − 1))',
  source: 'Qian, Shang, Sun, Hu, Li, Jin 2019 (SoftTriple)',
  compares: 'classes',
  defaults: { reducer: 'mean' },
  settings: {
    lambda: { default: 20, unit: '1 / cosine', reason: 'Qian et al. 2019' },
    gamma: { default: 0.1, unit: 'cosine', reason: 'Qian et al. 2019' },
    margin: { default: 0.01, unit: 'cosine', reason: 'δ; Qian et al. 2019' },
    centers: { default: 10, unit: 'per class', reason: 'K; Qian et al. 2019' },
    tau: { default: 0.2, unit: '', reason: 'Qian et al. 2019' },
  },
  learned: ({ classes, embeddingLength }, { centers }) =>
    classWeights({ classes: classes * centers, embeddingLength }), //       columns of one class stand together
  items({ embeddings, oneHot, known, labels, learned }, { lambda, gamma, margin, centers, tau }) {
    const [batch, classes] = oneHot.shape
    const cosines = classCosines(embeddings, learned).reshape([batch, classes, centers])
    const assignment = cosines.div(gamma).softmax(-1)
    const s = assignment.mul(cosines).sum(2) //                            [batch, classes]
    const logits = s.sub(oneHot.mul(margin)).mul(lambda)
    const items = [{ losses: softmaxCrossEntropy(logits, oneHot), weights: known, labels }]
    if (tau === 0 || centers === 1) return items
    const spread = centerSpread(learned['loss.classes'] as tf.Tensor2D, classes, centers).mul(tau)
    return [...items, { losses: spread.reshape([1]), weights: tf.ones([1]), labels: null }]
  },
})

/** Σ over classes and pairs of its centres of √(2 − 2 cos), over C K (K − 1): their distance on the sphere. */
function centerSpread(weights: tf.Tensor2D, classes: number, centers: number): tf.Tensor {
  const w = unitLength(weights, 0).transpose().reshape([classes, centers, weights.shape[0]])
  const cosines = tf.matMul(w, w, false, true) //                          [classes, centers, centers]
  const place = places(centers)
  const pairs = place.expandDims(1).less(place.expandDims(0)).cast('float32')
  // 1e-5 as in the published code: equal centres would have an infinite gradient.
  const distances = tf.sub(2, cosines.mul(2)).relu().add(1e-5).sqrt()
  return distances
    .mul(pairs)
    .sum()
    .div(classes * centers * (centers - 1))
}
