import * as tf from '@tensorflow/tfjs'
import { beforeAll, expect, test } from 'vitest'
import { distances, miners } from '../../../src-main/learning/catalogue.ts'
import { unitLength } from '../../../src-main/learning/distances/unit-length.ts'
import { mine } from '../../../src-main/learning/miners/miner.ts'
import { labelPairs } from '../../../src-main/learning/miners/pairs.ts'
import { resolveSettings, type GivenSettings } from '../../../src-main/learning/setting.ts'
import { golden } from '../losses/golden.ts'

const file = golden('pml_2.9.0')

interface Case {
  miner: string
  distance: string
  settings: GivenSettings
  read: 'triplets' | 'pairs'
  unitLength?: false
  difference?: string
}

const cases: Record<string, Case> = {
  batch_hard: { miner: 'batch-hard', distance: 'euclidean', settings: {}, read: 'triplets' },
  'triplet_all_0.2': {
    miner: 'inside-margin',
    distance: 'euclidean',
    settings: { margin: 0.2 },
    read: 'triplets',
    difference: 'their "all" is all triplets inside the margin; "all" here is all there are',
  },
  'triplet_semihard_0.2': {
    miner: 'semi-hard-triplets',
    distance: 'euclidean',
    settings: { margin: 0.2 },
    read: 'triplets',
  },
  triplet_hard: { miner: 'hard-triplets', distance: 'euclidean', settings: {}, read: 'triplets' },
  easy_pos_semihard_neg: { miner: 'batch-easy-hard', distance: 'euclidean', settings: {}, read: 'pairs' },
  'multi_similarity_0.1': {
    miner: 'multi-similarity',
    distance: 'cosine-similarity',
    settings: { epsilon: 0.1 },
    read: 'pairs',
  },
  'pair_margin_0.2_0.8': {
    miner: 'pair-margin',
    distance: 'euclidean',
    settings: { positiveMargin: 0.2, negativeMargin: 0.8 },
    read: 'pairs',
  },
  angular_20: {
    miner: 'angular',
    distance: 'euclidean',
    settings: { alphaDeg: 20 },
    read: 'triplets',
    unitLength: false,
    difference:
      'their numbers are those of embeddings as they come; here the loss says whether to scale them',
  },
}

beforeAll(() => tf.setBackend('cpu'))

test('every miner of the file is compared', () => {
  expect(Object.keys(cases).sort()).toEqual(Object.keys(file.miners).sort())
})

test.each(Object.keys(cases))('%s selects exactly what pytorch-metric-learning selects', (name) => {
  const { miner: id, distance: distanceId, settings, read, unitLength: unit } = cases[name]!
  const truth = file.miners[name]!
  tf.tidy(() => {
    const miner = miners.find((one) => one.id === id)!
    const distance = distances.find((one) => one.id === distanceId)!
    const embeddings = tf.tensor2d(file.embeddings)
    const anchors = unit === false ? embeddings : unitLength(embeddings)
    const compared = distance.between(anchors, anchors, {}, {})
    const labels = tf.tensor1d(file.labels, 'int32')
    const mined = mine(
      miner,
      {
        distances: distance.kind === 'similarity' ? compared.neg() : compared,
        anchors,
        references: anchors,
        ...labelPairs(labels, labels, 'the batch itself'),
        random: undefined,
      },
      resolveSettings(id, miner.settings, settings) as Record<string, never>,
    )
    const rows = (indices: number[][]) =>
      indices[0]!.map((_, i) => indices.map((row) => row[i]!).join()).sort()
    if (read === 'triplets') {
      const { weights, anchorPositive, anchorNegative } = mined.triplets()
      // Read the indices back through the matrices of row and column numbers, whatever form the triplets have.
      const columns = tf.zeros<tf.Rank.R2>([12, 12]).add<tf.Tensor2D>(tf.range(0, 12))
      const shape = weights.shape
      const spread = (x: tf.Tensor) => [...tf.zeros(shape).add(x).dataSync()].map(Math.round)
      const anchorOf = tf.range(0, 12).reshape([12, ...shape.slice(1).map(() => 1)])
      const [a, p, n] = [anchorOf, anchorPositive(columns), anchorNegative(columns)].map(spread)
      const selected = [...weights.dataSync()].flatMap((weight, i) =>
        weight > 0 ? [[a![i], p![i], n![i]].join()] : [],
      )
      expect(selected.sort()).toEqual(rows(truth))
      return
    }
    const places = (mask: tf.Tensor2D) =>
      (mask.arraySync() as number[][])
        .flatMap((row, i) => row.flatMap((count, j) => (count ? [`${i},${j}`] : [])))
        .sort()
    const { positive, negative } = mined.pairs()
    expect(places(positive)).toEqual(rows(truth.slice(0, 2)))
    expect(places(negative)).toEqual(rows(truth.slice(2)))
  })
})
