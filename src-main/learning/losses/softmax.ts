import type * as tf from '@tensorflow/tfjs'
import { unitLength } from '../distances/unit-length.ts'
import { glorot, type Parameter, type Tensors } from '../layers/layer.ts'
import { classCosines, classWeights } from './class-weights.ts'
import { defineClassLoss, type Sizes } from './loss.ts'
import { softmaxCrossEntropy } from './softmax-cross-entropy.ts'

/** The plain classifier; center loss needs it beside itself. */
export const softmax = defineClassLoss({
  id: 'softmax',
  name: 'Softmax',
  formula: '−log softmax(x W + b)_y',
  source: 'Taigman, Yang, Ranzato, Wolf 2014 (DeepFace), section 3',
  compares: 'classes',
  defaults: { reducer: 'mean' },
  settings: {},
  learned: affine,
  items: ({ embeddings, oneHot, known, labels, learned }) => [
    { losses: softmaxCrossEntropy(logits(embeddings, learned), oneHot), weights: known, labels },
  ],
})

export const l2Softmax = defineClassLoss({
  id: 'l2-softmax',
  name: 'L2-softmax',
  formula: '−log softmax(α x/‖x‖ W + b)_y',
  source: 'Ranjan, Castillo, Chellappa 2017 (L2-constrained softmax)',
  compares: 'classes',
  defaults: { reducer: 'mean' },
  settings: {
    alpha: { default: 16, unit: 'length', reason: 'Ranjan et al. 2017: best fixed α' },
  },
  learned: affine,
  items({ embeddings, oneHot, known, labels, learned }, { alpha }) {
    const scaled = unitLength(embeddings).mul<tf.Tensor2D>(alpha)
    return [{ losses: softmaxCrossEntropy(logits(scaled, learned), oneHot), weights: known, labels }]
  },
})

export const normFace = defineClassLoss({
  id: 'norm-face',
  name: 'NormFace (normalised softmax)',
  formula: '−log softmax(cos θ / τ)_y',
  source: 'Wang, Xiang, Cheng, Yuille 2017 (NormFace), eq. 6, s = 1/τ; Zhai and Wu 2019',
  compares: 'classes',
  defaults: { reducer: 'mean' },
  settings: { temperature: { default: 0.05, unit: 'cosine', reason: 'Zhai and Wu 2019' } },
  learned: classWeights,
  items({ embeddings, oneHot, known, labels, learned }, { temperature }) {
    const scores = classCosines(embeddings, learned).div(temperature)
    return [{ losses: softmaxCrossEntropy(scores, oneHot), weights: known, labels }]
  },
})

function affine({ classes, embeddingLength }: Sizes): Parameter[] {
  return [
    {
      name: 'loss.classes',
      shape: [embeddingLength, classes],
      initialiser: glorot(embeddingLength, classes),
      stage: 'loss',
    },
    { name: 'loss.bias', shape: [classes], initialiser: { kind: 'constant', value: 0 }, stage: 'loss' },
  ]
}

function logits(x: tf.Tensor2D, learned: Tensors): tf.Tensor {
  return x.matMul(learned['loss.classes'] as tf.Tensor2D).add(learned['loss.bias']!)
}
