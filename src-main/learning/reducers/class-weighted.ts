import { oneHot } from '../one-hot.ts'
import { weightedMean } from './mean.ts'
import { defineReducer } from './reducer.ts'

/** The mean, each item multiplied by the weight of its anchor's class; labels count from 0. */
export const classWeighted = defineReducer({
  id: 'class-weighted',
  name: 'Class-weighted mean',
  formula: 'Σ wᵢ c(yᵢ) lᵢ / Σ wᵢ',
  source: 'pytorch-metric-learning, ClassWeightedReducer',
  settings: {},
  reduce({ losses, weights, labels }, _settings, classWeights) {
    if (!classWeights) throw new Error('the class-weighted reducer needs classWeights, one for each class')
    if (!labels) return weightedMean(losses, weights)
    const weightOf = oneHot(labels, classWeights.shape[0])
      .mul(classWeights)
      .sum(1)
      .reshape([labels.shape[0], ...losses.shape.slice(1).map(() => 1)]) // [rows, 1, …]
    return weightedMean(losses.mul(weightOf), weights)
  },
})
