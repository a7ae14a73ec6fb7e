import type * as tf from '@tensorflow/tfjs'
import { unitLength } from '../distances/unit-length.ts'
import { notSelf } from '../miners/pairs.ts'
import { defineRegulariser } from './regulariser.ts'

/** Keeps each embedding where a reference network puts it. */
export const distillation = defineRegulariser({
  id: 'distillation',
  name: 'Distillation of embeddings',
  formula: 'mean of ‖x/‖x‖ − r/‖r‖‖²',
  source:
    'Hinton, Vinyals, Dean 2015, on the directions of embeddings as Duong, Luu, Quach, Le 2019 (ShrinkTeaNet)',
  needs: 'reference',
  settings: {},
  penalty({ embeddings, reference }) {
    if (embeddings.shape[1] !== reference!.shape[1]) {
      throw new Error(
        `distillation compares embeddings of one length: ${embeddings.shape[1]} and ${reference!.shape[1]}; similarity-distillation does not need it`,
      )
    }
    return unitLength(embeddings).sub(unitLength(reference!)).square().sum(1).mean()
  },
})

/** Keeps who is how alike as a reference network sees it; the embedding is free to turn, and may have another length. */
export const similarityDistillation = defineRegulariser({
  id: 'similarity-distillation',
  name: 'Distillation of similarities',
  formula: 'mean over i ≠ j of (cos(xᵢ, xⱼ) − cos(rᵢ, rⱼ))²',
  source:
    'Tung and Mori 2019 (Similarity-preserving knowledge distillation), eq. 4, on cosines; Park et al. 2019',
  needs: 'reference',
  settings: {},
  penalty({ embeddings, reference }) {
    const batch = embeddings.shape[0]
    const changed = cosines(embeddings).sub(cosines(reference!)).mul(notSelf(batch)) // [batch, batch]
    return changed
      .square()
      .sum()
      .div(Math.max(1, batch * (batch - 1)))
  },
})

function cosines(embeddings: tf.Tensor2D): tf.Tensor {
  const x = unitLength(embeddings)
  return x.matMul(x, false, true)
}
