import * as tf from '@tensorflow/tfjs'
import { defineMiner, type Candidates } from './miner.ts'

const margin = {
  default: 0.2,
  unit: 'distance',
  reason: 'Schroff et al. 2015; the margin of the loss it feeds',
}

/** d(a,n) − d(a,p) of every triplet, [anchors, positives, negatives]. */
function gaps({ distances }: Candidates): tf.Tensor3D {
  return tf.sub(distances.expandDims(1), distances.expandDims(2))
}

/** Keeps the triplets for which `condition` holds. */
function where({ positive, negative }: Candidates, condition: tf.Tensor): tf.Tensor {
  return positive.expandDims(2).mul(negative.expandDims(1)).mul(condition.cast('float32'))
}

export const insideMargin = defineMiner({
  id: 'inside-margin',
  name: 'Triplets inside the margin',
  formula: 'd(a,n) − d(a,p) ≤ margin',
  source: 'pytorch-metric-learning, TripletMarginMiner "all"',
  selection: 'triplets',
  settings: { margin },
  select: (candidates, { margin }) => where(candidates, gaps(candidates).lessEqual(margin)),
})

export const hardInsideMargin = defineMiner({
  id: 'hard-triplets',
  name: 'Hard triplets',
  formula: 'd(a,n) − d(a,p) ≤ 0',
  source: 'Schroff et al. 2015, section 3.2; pytorch-metric-learning, TripletMarginMiner "hard"',
  selection: 'triplets',
  settings: { margin },
  select(candidates, { margin }) {
    const gap = gaps(candidates)
    return where(candidates, gap.lessEqual(0).logicalAnd(gap.lessEqual(margin)))
  },
})

/** Not FaceNet's choice, though both are called semi-hard: this keeps every triplet of the band, not one per pair. */
export const semiHardInsideMargin = defineMiner({
  id: 'semi-hard-triplets',
  name: 'Semi-hard triplets, all of them',
  formula: '0 < d(a,n) − d(a,p) ≤ margin',
  source: 'pytorch-metric-learning, TripletMarginMiner "semihard"',
  selection: 'triplets',
  settings: { margin },
  select(candidates, { margin }) {
    const gap = gaps(candidates)
    return where(candidates, gap.greater(0).logicalAnd(gap.lessEqual(margin)))
  },
})

export const easyOutsideMargin = defineMiner({
  id: 'easy-triplets',
  name: 'Easy triplets',
  formula: 'd(a,n) − d(a,p) > margin',
  source: 'pytorch-metric-learning, TripletMarginMiner "easy"',
  selection: 'triplets',
  settings: { margin },
  select: (candidates, { margin }) => where(candidates, gaps(candidates).greater(margin)),
})
