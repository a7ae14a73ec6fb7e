import * as tf from '@tensorflow/tfjs'
import { unitLength } from '../distances/unit-length.ts'
import { proxies } from './class-weights.ts'
import { logOnePlusSumExp } from './log-sum-exp.ts'
import { places } from '../one-hot.ts'
import { defineClassLoss } from './loss.ts'

/** Proxies are the anchors: each gathers its samples, the farthest most, and repels all others, the nearest most. */
export const proxyAnchor = defineClassLoss({
  id: 'proxy-anchor',
  name: 'Proxy-Anchor',
  formula:
    '1/|P⁺| Σ_{p ∈ P⁺} log(1 + Σ_{x of p} exp(−α (s(x,p) − δ))) + 1/|P| Σ_p log(1 + Σ_{x not of p} exp(α (s(x,p) + δ)))',
  source: 'Kim, Kim, Cho, Kwak 2020, eq. 4',
  compares: 'classes',
  defaults: { reducer: 'mean' },
  settings: {
    margin: { default: 0.1, unit: 'cosine', reason: 'δ; Kim et al. 2020' },
    alpha: { default: 32, unit: '1 / cosine', reason: 'Kim et al. 2020' },
  },
  learned: proxies,
  items({ embeddings, oneHot, known, learned }, { margin, alpha }) {
    const p = unitLength(learned['loss.proxies'] as tf.Tensor2D)
    const s = p.matMul<tf.Tensor2D>(unitLength(embeddings), false, true) // [classes, batch]
    const own = oneHot.transpose()
    const others = known.expandDims(0).sub(own)
    const labels = places(p.shape[0], 'int32')
    return [
      { losses: logOnePlusSumExp(s.sub(margin).mul(-alpha), own), weights: own.max(1), labels },
      { losses: logOnePlusSumExp(s.add(margin).mul(alpha), others), weights: tf.ones([p.shape[0]]), labels },
    ]
  },
})
