import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import type { LossOptions } from '../../../src-main/learning/catalogue.ts'
import { golden, lossAndGradients, relativeError, transposed, unitRows } from './golden.ts'
import { distanceBetween, dot, finiteDifferences, mean, sum } from './slow.ts'

const file = golden('pml_2.9.0')
const radians = (degrees: number) => (degrees * Math.PI) / 180
const classes = { classes: 4, embeddingLength: 8 }
const W = { 'loss.classes': file.W_dim_by_class }
const proxies = { 'loss.proxies': transposed(file.W_dim_by_class) }
const triplet = (settings: LossOptions['settings'], reducer: string, more: LossOptions = {}): Case => ({
  loss: 'triplet',
  options: { settings, distance: 'euclidean', miner: 'all', reducer, ...more },
})

interface Case {
  loss: string
  options: LossOptions
  learned?: Record<string, number[] | number[][]>
  /** How our definition, or our way of saying it, differs from theirs. */
  difference?: string
}

const cases: Record<string, Case> = {
  'triplet_L2norm_m0.05_avg_non_zero': triplet({ margin: 0.05 }, 'mean-non-zero'),
  'triplet_L2norm_m0.05_mean': triplet({ margin: 0.05 }, 'mean'),
  'triplet_L2norm_m0.2_avg_non_zero': triplet({ margin: 0.2 }, 'mean-non-zero'),
  'triplet_L2norm_m0.2_mean': triplet({ margin: 0.2 }, 'mean'),
  'triplet_L2norm_m1.0_avg_non_zero': triplet({ margin: 1 }, 'mean-non-zero'),
  'triplet_L2norm_m1.0_mean': triplet({ margin: 1 }, 'mean'),
  'triplet_sqL2norm_m0.2_mean(FaceNet form)': triplet({ margin: 0.2 }, 'mean', {
    distance: 'squared-euclidean',
  }),
  triplet_softplus_m0_mean: {
    loss: 'triplet-soft-margin',
    options: { distance: 'euclidean', miner: 'all', reducer: 'mean' },
    difference: 'their switch "smooth_loss" is a loss of its own here',
  },
  'triplet_swap_m0.2_mean': triplet({ margin: 0.2, swap: true }, 'mean'),
  'triplet_batchhard_m0.2_mean': triplet({ margin: 0.2 }, 'mean', { miner: 'batch-hard' }),
  'triplet_miner_all_m0.2': triplet({ margin: 0.2 }, 'mean', {
    miner: { id: 'inside-margin', settings: { margin: 0.2 } },
  }),
  'triplet_miner_hard_m0.2': triplet({ margin: 0.2 }, 'mean', { miner: 'hard-triplets' }),
  'triplet_miner_semihard_m0.2': {
    ...triplet({ margin: 0.2 }, 'mean', { miner: 'semi-hard-triplets' }),
    difference: 'their semi-hard keeps every triplet of the band; FaceNet’s keeps one negative per pair',
  },
  'triplet_miner_easy_m0.2': triplet({ margin: 0.2 }, 'mean', { miner: 'easy-triplets' }),
  contrastive_pos0_neg1: {
    loss: 'contrastive-linear',
    options: {},
    difference: 'not squared, and two means added; "contrastive" is the squared form of Hadsell et al. 2006',
  },
  'multi_similarity_2_50_0.5': { loss: 'multi-similarity', options: { miner: 'all' } },
  'multi_similarity_with_miner_eps0.1': { loss: 'multi-similarity', options: {} },
  'circle_m0.4_g80': { loss: 'circle', options: { settings: { margin: 0.4, gamma: 80 } } },
  'circle_m0.25_g256': { loss: 'circle', options: { settings: { margin: 0.25, gamma: 256 } } },
  lifted_structure_neg1_pos0: {
    loss: 'lifted-structure',
    options: {},
    difference:
      'they halve each ordered pair and average, the paper halves the mean of unordered pairs: the same number; the paper does not scale embeddings to unit length',
  },
  generalized_lifted_neg1_pos0: { loss: 'generalised-lifted-structure', options: {} },
  npairs: {
    loss: 'n-pair',
    options: { unitLength: true },
    difference:
      'the file says "not normalised", but its numbers are those of unit vectors; the paper adds an L2 penalty: here the regulariser "lp"',
  },
  nca_scale1: {
    loss: 'nca-log',
    options: {},
    difference: 'the logarithm of each chance, eq. 6; "nca" is the sum of chances, eq. 3',
  },
  'margin_0.2_beta1.2': {
    loss: 'margin',
    options: { miner: 'all', classes: 4 },
    learned: { 'loss.beta': [1.2] },
  },
  'ntxent_t0.07': {
    loss: 'nt-xent',
    options: {},
    difference: 'other positives of the anchor stand in no denominator; in SimCLR there are none',
  },
  'supcon_t0.1': { loss: 'supervised-contrastive', options: {} },
  intra_pair_variance: { loss: 'intra-pair-variance', options: {} },
  'tuplet_margin_5.73_s64': {
    loss: 'tuplet-margin',
    options: { settings: { marginRad: radians(5.73) } },
    difference: 'their margin is in degrees',
  },
  fastap_bins10: { loss: 'fast-ap', options: {} },
  'arcface_m28.6deg_s64': {
    loss: 'arcface',
    options: { ...classes, settings: { marginRad: radians(28.6) } },
    learned: W,
    difference: 'their margin is in degrees',
  },
  'cosface_m0.35_s64': { loss: 'cosface', options: classes, learned: W },
  'cosface_m0.35_s30(AM-softmax)': { loss: 'am-softmax', options: classes, learned: W },
  sphereface_m4_s1: { loss: 'a-softmax', options: classes, learned: W },
  large_margin_softmax_m4_s1: { loss: 'large-margin-softmax', options: classes, learned: W },
  'normface_t0.05': { loss: 'norm-face', options: classes, learned: W },
  proxy_nca_scale1: {
    loss: 'proxy-nca-softmax',
    options: { ...classes, settings: { scale: 1 } },
    learned: proxies,
    difference: 'the own proxy stands in their denominator; "proxy-nca" is the published form without it',
  },
  proxy_nca_scale3: {
    loss: 'proxy-nca-softmax',
    options: { ...classes, settings: { scale: 3 } },
    learned: proxies,
  },
  'proxy_anchor_m0.1_a32': { loss: 'proxy-anchor', options: classes, learned: proxies },
  soft_triple_c2: {
    loss: 'soft-triple',
    options: { ...classes, settings: { centers: 2, tau: 0 } },
    learned: { 'loss.classes': file.W2_dim_by_class_x2subcenters },
    difference: 'they leave out the penalty on the spread of centres (τ = 0)',
  },
  subcenter_arcface_k2: {
    loss: 'sub-center-arcface',
    options: { ...classes, settings: { marginRad: radians(28.6), centers: 2 } },
    learned: { 'loss.classes': file.W2_dim_by_class_x2subcenters },
    difference: 'their margin is in degrees',
  },
}

/** Cases whose definition differs so that the numbers do: a slow loop in both forms stands between them and us. */
const byLoop: Record<string, { loss: string; options: LossOptions; difference: string; loop: SlowLoop }> = {
  angular_alpha40: {
    loss: 'angular',
    options: { settings: { alphaDeg: 40 } },
    difference: 'their anchors and positives have unit length, their negatives keep their own',
    loop: angularLoop,
  },
  ranked_list_Tn10: {
    loss: 'ranked-list',
    options: {},
    difference:
      'they add 1e-5 to each of a row’s weights under the fraction, 12 of them; their α is 1 + m/2 = 1.2 unless given',
    loop: rankedListLoop,
  },
}

beforeAll(() => tf.setBackend('cpu'))

test('every case of the file is compared', () => {
  const compared = [...Object.keys(cases), ...Object.keys(byLoop)]
  expect(compared.sort()).toEqual(file.cases.map(({ name }) => name).sort())
})

describe('loss and gradients of pytorch-metric-learning 2.9.0, double precision', () => {
  test.each(file.cases.filter(({ name }) => name in cases))('$name', (truth) => {
    const { loss, options, learned = {} } = cases[truth.name]!
    const found = lossAndGradients(loss, options, file.embeddings, file.labels, learned)
    expect(Math.abs(found.loss - truth.loss)).toBeLessThanOrEqual(1e-5 * Math.abs(truth.loss))
    expect(relativeError(found.gradients.embeddings!, truth.grad_embeddings!.flat())).toBeLessThanOrEqual(
      1e-5,
    )
    if (truth.grad_param) {
      const [parameter] = Object.keys(learned)
      expect(relativeError(found.gradients[parameter!]!, truth.grad_param.flat())).toBeLessThanOrEqual(1e-5)
    }
  })
})

describe('the same with a slow loop between, for definitions that differ', () => {
  test.each(file.cases.filter(({ name }) => name in byLoop))('$name', (truth) => {
    const { loss, options, loop } = byLoop[truth.name]!
    const theirs = (rows: number[][]) => loop(rows, file.labels, 'theirs')
    expect(theirs(file.embeddings)).toBeCloseTo(truth.loss, 9)
    expect(
      relativeError(finiteDifferences(theirs, file.embeddings), truth.grad_embeddings!.flat()),
    ).toBeLessThan(1e-7)
    const ours = (rows: number[][]) => loop(rows, file.labels, 'ours')
    const found = lossAndGradients(loss, options, file.embeddings, file.labels)
    expect(Math.abs(found.loss / ours(file.embeddings) - 1)).toBeLessThan(1e-5)
    expect(relativeError(found.gradients.embeddings!, finiteDifferences(ours, file.embeddings))).toBeLessThan(
      1e-5,
    )
  })
})

type SlowLoop = (embeddings: number[][], labels: number[], form: 'theirs' | 'ours') => number

function angularLoop(embeddings: number[][], labels: number[], form: 'theirs' | 'ours'): number {
  const unit = unitRows(embeddings)
  const t = Math.tan(radians(40)) ** 2
  const losses = unit.flatMap((a, i) =>
    unit.flatMap((p, j) => {
      if (i === j || labels[i] !== labels[j]) return []
      const negatives = (form === 'theirs' ? embeddings : unit).filter((_, k) => labels[k] !== labels[i])
      const terms = negatives.map((n) => Math.exp(4 * t * (dot(a, n) + dot(p, n)) - 2 * (1 + t) * dot(a, p)))
      return [Math.log(1 + sum(terms))]
    }),
  )
  return mean(losses)
}

function rankedListLoop(embeddings: number[][], labels: number[], form: 'theirs' | 'ours'): number {
  const unit = unitRows(embeddings)
  const small = form === 'theirs' ? 1e-5 * unit.length : 0
  const [alpha, margin] = [1.2, 0.4]
  const losses = unit.map((a, i) => {
    const to = unit.map((b) => distanceBetween(a, b))
    const far = to.filter((d, j) => j !== i && labels[j] === labels[i] && d > alpha - margin)
    const near = to.filter((d, j) => labels[j] !== labels[i] && d < alpha)
    const weights = near.map((d) => Math.exp(10 * (alpha - d)))
    const pull = sum(far.map((d) => d - (alpha - margin))) / (far.length + small)
    const push = sum(near.map((d, k) => weights[k]! * (alpha - d))) / (sum(weights) + small)
    return (pull + push) / 2
  })
  return mean(losses)
}
