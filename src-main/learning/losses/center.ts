import type * as tf from '@tensorflow/tfjs'
import { defineClassLoss } from './loss.ts'

/**
 * Draws each sample to its class's centre; alone it would draw everything to one point, so it stands beside a
 * classifier. Wen et al. move the centres by a rule of their own; here they follow the gradient like all that is learned.
 */
export const center = defineClassLoss({
  id: 'center',
  name: 'Center',
  formula: '½ ‖x − c_y‖²',
  source: 'Wen, Zhang, Li, Qiao 2016, eq. 2',
  compares: 'classes',
  defaults: { reducer: 'mean' },
  settings: {},
  learned: ({ classes, embeddingLength }) => [
    {
      name: 'loss.centers',
      shape: [classes, embeddingLength],
      initialiser: { kind: 'constant', value: 0 },
      stage: 'loss',
    },
  ],
  items({ embeddings, oneHot, known, labels, learned }) {
    const own = oneHot.matMul(learned['loss.centers'] as tf.Tensor2D) //   [batch, length]
    return [{ losses: embeddings.sub(own).square().sum(1).div(2), weights: known, labels }]
  },
})
