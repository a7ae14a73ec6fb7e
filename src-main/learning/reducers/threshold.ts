import { detached } from '../detach.ts'
import { weightedMean } from './mean.ts'
import { defineReducer } from './reducer.ts'

/** Leaves out what is learned already, below, and what may be mislabelled, above. */
export const threshold = defineReducer({
  id: 'threshold',
  name: 'Mean between thresholds',
  formula: 'Σ wᵢ lᵢ [low < lᵢ < high] / Σ wᵢ [low < lᵢ < high]',
  source: 'pytorch-metric-learning, ThresholdReducer',
  settings: {
    low: { default: 0, unit: 'loss', reason: 'with no upper bound this is the mean of the non-zero' },
    high: { default: Infinity, unit: 'loss', reason: 'no upper bound' },
  },
  reduce({ losses, weights }, { low, high }) {
    const kept = detached([losses, weights], (l, w) => {
      const above = l.greater(low).cast('float32')
      return (high === Infinity ? above : above.mul(l.less(high).cast('float32'))).mul(w)
    })
    return weightedMean(losses, kept)
  },
})
