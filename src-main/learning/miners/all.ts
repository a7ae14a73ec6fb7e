import * as tf from '@tensorflow/tfjs'
import { defineMiner } from './miner.ts'

export const all = defineMiner({
  id: 'all',
  name: 'All',
  formula: 'every pair; every triplet',
  source: 'Hermans, Beyer, Leibe 2017, "batch all"',
  selection: 'pairs',
  settings: {},
  select: ({ positive, negative }) => tf.stack([positive, negative]),
})
