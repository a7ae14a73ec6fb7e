import { defineReducer } from './reducer.ts'

export const sum = defineReducer({
  id: 'sum',
  name: 'Sum',
  formula: 'Σ wᵢ lᵢ',
  source: 'pytorch-metric-learning, SumReducer',
  settings: {},
  reduce: ({ losses, weights }) => losses.mul(weights).sum(),
})
