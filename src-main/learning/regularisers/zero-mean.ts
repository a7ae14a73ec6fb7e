import { defineRegulariser } from './regulariser.ts'

export const zeroMean = defineRegulariser({
  id: 'zero-mean',
  name: 'Zero mean of each embedding',
  formula: 'mean of |Σ_k x_k|',
  source: 'Yuan, Deng, Tang, Tang, Chen 2019 (Signal-to-Noise Ratio)',
  needs: 'embeddings',
  settings: {},
  penalty: ({ embeddings }) => embeddings.sum(1).abs().mean(),
})
