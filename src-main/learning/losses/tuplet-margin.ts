import * as tf from '@tensorflow/tfjs'
import { detached } from '../detach.ts'
import { root } from '../distances/unit-length.ts'
import { once } from '../miners/pairs.ts'
import { logSumExp } from './log-sum-exp.ts'
import { defineLoss } from './loss.ts'

/** The margin slackens the positive: a pair already at the angle β counts as if it were equal. */
export const tupletMargin = defineLoss({
  id: 'tuplet-margin',
  name: 'Tuplet margin',
  formula: 'log(1 + Σ_n exp(s (cos θ(a,n) − cos(θ(a,p) − β))))',
  source: 'Yu and Tao 2019 (Deep metric learning with tuplet margin loss)',
  compares: 'embeddings',
  distances: ['cosine-similarity'],
  defaults: { distance: 'cosine-similarity', miner: 'all', reducer: 'mean' },
  settings: {
    marginRad: { default: 0.1, unit: 'radians', reason: 'β; Yu and Tao 2019' },
    scale: { default: 64, unit: '1 / cosine', reason: 's; Yu and Tao 2019' },
  },
  items({ compared, pairs, labels }, { marginRad, scale }) {
    const { positive, negative } = pairs()
    const sine = root(tf.sub(1, compared.square()).relu())
    const slackened = compared.mul(Math.cos(marginRad)).add(sine.mul(Math.sin(marginRad))) // cos(θ − β)
    const opponents = logSumExp(compared.mul(scale), once(negative)).expandDims(1) //         [anchors, 1]
    const opposed = detached([negative], (n) => n.max(1, true).minimum(1))
    const losses = opponents.sub(slackened.mul(scale)).softplus().mul(opposed)
    return [{ losses, weights: positive, labels }]
  },
})
