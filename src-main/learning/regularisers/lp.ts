import { root } from '../distances/unit-length.ts'
import { defineRegulariser } from './regulariser.ts'

export const lp = defineRegulariser({
  id: 'lp',
  name: 'Lp length',
  formula: 'mean of ‖x‖_p^k',
  source: 'pytorch-metric-learning, LpRegularizer; with p = k = 2 that of Sohn 2016',
  needs: 'embeddings',
  settings: {
    p: { default: 2, unit: '1 or 2', reason: 'Euclidean length' },
    power: { default: 2, unit: '1 or 2', reason: 'k; Sohn 2016: squared length' },
  },
  penalty({ embeddings }, { p, power }) {
    if ((p !== 1 && p !== 2) || (power !== 1 && power !== 2))
      throw new Error(`lp: p and power are 1 or 2, not ${p}, ${power}`)
    if (p === 2) {
      const squares = embeddings.square().sum(1)
      return (power === 2 ? squares : root(squares)).mean()
    }
    const lengths = embeddings.abs().sum(1)
    return (power === 2 ? lengths.square() : lengths).mean()
  },
})
