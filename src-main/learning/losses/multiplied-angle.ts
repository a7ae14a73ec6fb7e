import * as tf from '@tensorflow/tfjs'
import { detached } from '../detach.ts'
import { length, unitLength } from '../distances/unit-length.ts'
import { glorot } from '../layers/layer.ts'
import { classWeights } from './class-weights.ts'
import { defineClassLoss, type ClassBatch } from './loss.ts'
import { softmaxCrossEntropy } from './softmax-cross-entropy.ts'

const settings = {
  margin: { default: 4, unit: 'times the angle', reason: 'm, a whole number; Liu et al. 2016 and 2017' },
  scale: { default: 1, unit: '', reason: 'the papers have none' },
  annealing: {
    default: 0,
    unit: '',
    reason:
      'λ in (λ cos θ + ψ) / (1 + λ); the papers begin near 1000 and fall to 5 or 0, without it training from scratch may not start',
  },
} as const

/** The angle to the own class counts m times; classes keep their own lengths. */
export const largeMarginSoftmax = defineClassLoss({
  id: 'large-margin-softmax',
  name: 'Large-margin softmax (L-softmax)',
  formula: '−log softmax(‖x‖ ‖w_y‖ ψ(θ_y), ‖x‖ ‖wⱼ‖ cos θⱼ), ψ(θ) = (−1)ᵏ cos(mθ) − 2k on [kπ/m, (k+1)π/m]',
  source: 'Liu, Wen, Yu, Yang 2016, eq. 4 and 6',
  compares: 'classes',
  defaults: { reducer: 'mean' },
  settings,
  learned: ({ classes, embeddingLength }) => [
    {
      name: 'loss.classes',
      shape: [embeddingLength, classes],
      initialiser: glorot(embeddingLength, classes),
      stage: 'loss',
    },
  ],
  items: (batch, s) => multipliedAngle(batch, batch.learned['loss.classes'] as tf.Tensor2D, s),
})

/** The same with classes of unit length: only their directions divide. */
export const aSoftmax = defineClassLoss({
  id: 'a-softmax',
  name: 'A-softmax (SphereFace)',
  formula: '−log softmax(‖x‖ ψ(θ_y), ‖x‖ cos θⱼ), ψ(θ) = (−1)ᵏ cos(mθ) − 2k on [kπ/m, (k+1)π/m]',
  source: 'Liu, Wen, Yu, Li, Raj, Song 2017 (SphereFace), eq. 7',
  compares: 'classes',
  defaults: { reducer: 'mean' },
  settings,
  learned: classWeights,
  items: (batch, s) => multipliedAngle(batch, unitLength(batch.learned['loss.classes'] as tf.Tensor2D, 0), s),
})

function multipliedAngle(
  { embeddings, oneHot, known, labels }: ClassBatch,
  classes: tf.Tensor2D,
  { margin, scale, annealing }: { margin: number; scale: number; annealing: number },
) {
  if (!Number.isInteger(margin) || margin < 1)
    throw new Error(`the margin multiplies the angle: ${margin} is no whole number above 0`)
  const products = embeddings.matMul(classes) //                           [batch, classes]: ‖x‖ ‖w‖ cos θ
  const cosine = unitLength(embeddings).matMul(unitLength(classes, 0)).mul(oneHot).sum(1) // [batch]: to the own class
  const lengths = length(embeddings)
    .squeeze([1])
    .mul(length(classes.transpose()).squeeze([1]).mul(oneHot).sum(1))
  const eased = cosine
    .mul(annealing)
    .add(psi(cosine, margin))
    .div(1 + annealing)
  const ofLabel = lengths.mul(eased).expandDims(1) //                      [batch, 1]
  const logits = products.mul(tf.sub(1, oneHot)).add(ofLabel.mul(oneHot)).mul(scale)
  return [{ losses: softmaxCrossEntropy(logits, oneHot), weights: known, labels }]
}

/** (−1)ᵏ cos(mθ) − 2k of cos θ, falling over the whole half-turn; cos(mθ) as Chebyshev's polynomial, with no arc cosine. */
function psi(cosine: tf.Tensor, m: number): tf.Tensor {
  let [previous, multiple] = [tf.onesLike(cosine), cosine] //              T₀ and T₁
  for (let i = 2; i <= m; i++) [previous, multiple] = [multiple, cosine.mul(multiple).mul(2).sub(previous)]
  const bends = Array.from({ length: m - 1 }, (_, i) => Math.cos(((i + 1) * Math.PI) / m))
  const passed = (c: tf.Tensor, bend: number) => c.lessEqual(bend).cast('float32')
  const k = detached([cosine], (c) => bends.reduce((sum, bend) => sum.add(passed(c, bend)), tf.zerosLike(c)))
  const sign = detached([cosine], (c) =>
    bends.reduce((product, bend) => product.mul(tf.sub(1, passed(c, bend).mul(2))), tf.onesLike(c)),
  )
  return multiple.mul(sign).sub(k.mul(2))
}
