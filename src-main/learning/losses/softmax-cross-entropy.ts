import * as tf from '@tensorflow/tfjs'
import { logSumExp } from './log-sum-exp.ts'

/** −log softmax(logits)[y], [batch]; `oneHot` is 1 at y. Logits and oneHot [batch, classes]. */
export function softmaxCrossEntropy(logits: tf.Tensor, oneHot: tf.Tensor): tf.Tensor {
  const ofLabel = logits.mul(oneHot).sum(1)
  return logSumExp(logits, tf.onesLike(oneHot)).sub(ofLabel)
}
