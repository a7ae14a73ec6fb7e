import { detached } from '../detach.ts'
import { once } from '../miners/pairs.ts'
import { logOnePlusSumExp } from './log-sum-exp.ts'
import { defineLoss } from './loss.ts'

export const multiSimilarity = defineLoss({
  id: 'multi-similarity',
  name: 'Multi-similarity',
  formula: '1/α log(1 + Σ_p exp(−α (s(a,p) − λ))) + 1/β log(1 + Σ_n exp(β (s(a,n) − λ)))',
  source: 'Wang, Han, Huang, Dong, Scott 2019 (Multi-Similarity Loss)',
  compares: 'embeddings',
  distances: 'similarities',
  defaults: { distance: 'cosine-similarity', miner: 'multi-similarity', reducer: 'mean' },
  settings: {
    alpha: { default: 2, unit: '1 / cosine', reason: 'Wang et al. 2019' },
    beta: { default: 50, unit: '1 / cosine', reason: 'Wang et al. 2019' },
    lambda: { default: 0.5, unit: 'cosine', reason: 'their published code; the paper says 1' },
  },
  items({ compared, pairs, labelled, labels }, { alpha, beta, lambda }) {
    const { positive, negative } = pairs()
    const shifted = compared.sub(lambda) //                                [anchors, references]
    const pull = logOnePlusSumExp(shifted.mul(-alpha), once(positive)).div(alpha) // [anchors]
    const push = logOnePlusSumExp(shifted.mul(beta), once(negative)).div(beta)
    // An anchor whose pairs the miner all dropped counts, with loss 0, as in both published codes.
    const weights = detached([labelled.positive, labelled.negative], (p, n) => p.add(n).max(1))
    return [{ losses: pull.add(push), weights, labels }]
  },
})
