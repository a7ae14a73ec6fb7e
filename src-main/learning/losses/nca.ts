import * as tf from '@tensorflow/tfjs'
import { detached } from '../detach.ts'
import { logSumExp } from './log-sum-exp.ts'
import { defineLoss, type Comparison } from './loss.ts'

const shared = {
  compares: 'embeddings',
  defaults: { distance: 'squared-euclidean', miner: 'all', reducer: 'mean' },
  noMiner: 'it draws a neighbour among all',
  settings: { scale: { default: 1, unit: '1 / distance', reason: 'Goldberger et al. 2004 have none' } },
} as const

/** The chance that a neighbour drawn at random is of another class. */
export const nca = defineLoss({
  ...shared,
  id: 'nca',
  name: 'Neighbourhood components analysis',
  formula: '1 − Σ_p exp(−d(a,p)) / Σ_{k ≠ a} exp(−d(a,k))',
  source: 'Goldberger, Roweis, Hinton, Salakhutdinov 2004, eq. 3 (1 − p, to be made small)',
  items(comparison, { scale }) {
    const { ofOwn, weights } = logChance(comparison, scale)
    return [{ losses: tf.sub(1, ofOwn.exp()), weights, labels: comparison.labels }]
  },
})

/** The logarithm of the same chance: an anchor far from all its own weighs more. */
export const ncaLog = defineLoss({
  ...shared,
  id: 'nca-log',
  name: 'Neighbourhood components analysis, logarithm',
  formula: '−log(Σ_p exp(−d(a,p)) / Σ_{k ≠ a} exp(−d(a,k)))',
  source: 'Goldberger et al. 2004, eq. 6; pytorch-metric-learning, NCALoss',
  items(comparison, { scale }) {
    const { ofOwn, weights } = logChance(comparison, scale)
    return [{ losses: ofOwn.neg(), weights, labels: comparison.labels }]
  },
})

/** log of the chance to draw one's own class, [anchors]; counted where there is one to draw. */
function logChance(
  { distances, labelled }: Comparison,
  scale: number,
): { ofOwn: tf.Tensor; weights: tf.Tensor } {
  const { positive, negative } = labelled
  const closeness = distances.mul(-scale)
  const ofOwn = logSumExp(closeness, positive).sub(logSumExp(closeness, positive.add(negative)))
  const weights = detached([positive], (p) => p.max(1))
  return { ofOwn: ofOwn.mul(weights), weights }
}
