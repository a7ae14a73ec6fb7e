import { detached } from '../detach.ts'
import { once } from '../miners/pairs.ts'
import { logSumExp } from './log-sum-exp.ts'
import { defineLoss } from './loss.ts'

/** Each positive by itself against all negatives of its anchor; other positives stand in no denominator. */
export const ntXent = defineLoss({
  id: 'nt-xent',
  name: 'NT-Xent (InfoNCE)',
  formula: '−log(exp(s(a,p)/τ) / (exp(s(a,p)/τ) + Σ_n exp(s(a,n)/τ)))',
  source: 'Chen, Kornblith, Norouzi, Hinton 2020 (SimCLR), eq. 1; van den Oord, Li, Vinyals 2018, eq. 4',
  compares: 'embeddings',
  defaults: { distance: 'cosine-similarity', miner: 'all', reducer: 'mean' },
  settings: { temperature: { default: 0.07, unit: 'cosine', reason: 'He et al. 2020 (MoCo)' } },
  items({ distances, pairs, labels }, { temperature }) {
    const { positive, negative } = pairs()
    const logits = distances.div(-temperature)
    const opponents = logSumExp(logits, once(negative)).expandDims(1) //   [anchors, 1]
    const opposed = detached([negative], (n) => n.max(1, true).minimum(1)) // with no negative there is nothing to lose
    return [{ losses: opponents.sub(logits).softplus().mul(opposed), weights: positive, labels }]
  },
})
