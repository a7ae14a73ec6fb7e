import { detached } from '../detach.ts'
import { once } from '../miners/pairs.ts'
import { logSumExp } from './log-sum-exp.ts'
import { defineLoss } from './loss.ts'

export const supervisedContrastive = defineLoss({
  id: 'supervised-contrastive',
  name: 'Supervised contrastive',
  formula: '−1/|P(a)| Σ_p log(exp(s(a,p)/τ) / Σ_{k ≠ a} exp(s(a,k)/τ))',
  source: 'Khosla, Teterwak, Wang, Sarna, Tian, Isola, Maschinot, Liu, Krishnan 2020, eq. 2 (L_out)',
  compares: 'embeddings',
  defaults: { distance: 'cosine-similarity', miner: 'all', reducer: 'mean' },
  settings: { temperature: { default: 0.1, unit: 'cosine', reason: 'Khosla et al. 2020' } },
  items({ distances, pairs, labels }, { temperature }) {
    const { positive, negative } = pairs()
    const p = once(positive)
    const logits = distances.div(-temperature)
    const positives = detached([p], (mask) => mask.sum(1)) //              [anchors]
    const meanOfPositives = logits
      .mul(p)
      .sum(1)
      .div(detached([positives], (n) => n.maximum(1)))
    const all = logSumExp(logits, p.add(once(negative)))
    return [{ losses: all.sub(meanOfPositives), weights: detached([positives], (n) => n.minimum(1)), labels }]
  },
})
