import type * as tf from '@tensorflow/tfjs'
import { detached } from '../detach.ts'
import type { Settings, SettingValues } from '../setting.ts'
import type { Pairs } from './pairs.ts'
import {
  denseTriplets,
  joinedPairs,
  oneNegativePerPair,
  onePerAnchor,
  pairsOfTriplets,
  tripletsOfPairs,
  type Triplets,
} from './triplets.ts'

/**
 * What a miner's single tensor means.
 * - `pairs`: [2, anchors, references], selected positives and negatives;
 * - `triplet per anchor`: the same, with at most one 1 in each row of both;
 * - `triplets`: [anchors, positives, negatives];
 * - `negative per pair`: the same, with at most one negative for each anchor and positive.
 */
export type Selection = 'pairs' | 'triplet per anchor' | 'triplets' | 'negative per pair'

/** What a miner chooses from. */
export interface Candidates {
  /** [anchors, references]: smaller is more alike. A similarity comes negated. */
  distances: tf.Tensor2D
  /** [anchors, references]: 1 where the labels agree, 0 on the diagonal of a batch against itself. */
  positive: tf.Tensor2D
  /** [anchors, references]: 1 where the labels differ. */
  negative: tf.Tensor2D
  /** [anchors, length] */
  anchors: tf.Tensor2D
  /** [references, length] */
  references: tf.Tensor2D
  /** [anchors, references], uniform in [0, 1): drawn anew for each step by the caller. */
  random: tf.Tensor2D | undefined
}

/** Chooses pairs or triplets worth learning from; written as masks, so that shapes never depend on the numbers. */
export interface Miner<S extends Settings = Settings> {
  id: string
  name: string
  formula: string
  source: string
  selection: Selection
  settings: S
  /** The distance it is defined on, where it does not take the loss's own. */
  distance?: string
  /** Whether it samples with `Candidates.random`. */
  needsRandom?: boolean
  select(candidates: Candidates, settings: SettingValues<S>): tf.Tensor
}

/** A miner as the catalogue keeps it, its settings checked against their own description. */
export function defineMiner<const S extends Settings>(miner: Miner<S>): Miner {
  return miner as unknown as Miner
}

/** What was selected, as pairs or as triplets, whichever a loss asks for. */
export interface Mined {
  pairs(): Pairs
  /** Each pair as often as it stands in a triplet. */
  pairsOfTriplets(): Pairs
  triplets(): Triplets
}

/** Runs a miner outside the gradient. Throws where it samples and no random numbers were given. */
export function mine(miner: Miner, candidates: Candidates, settings: SettingValues<Settings>): Mined {
  if (miner.needsRandom && !candidates.random) throw new Error(`${miner.id} samples: it needs random numbers`)
  const { distances, anchors, references } = candidates
  const selected = detached([distances, anchors, references], (d, a, r) =>
    miner.select(
      {
        ...candidates,
        distances: d as tf.Tensor2D,
        anchors: a as tf.Tensor2D,
        references: r as tf.Tensor2D,
      },
      settings,
    ),
  )
  return readSelection(selected, miner.selection)
}

/** Reads a miner's tensor as what it means. */
export function readSelection(selected: tf.Tensor, selection: Selection): Mined {
  switch (selection) {
    case 'pairs': {
      const pairs = split(selected)
      return {
        pairs: () => pairs,
        pairsOfTriplets: () => joinedPairs(pairs),
        triplets: () => tripletsOfPairs(pairs),
      }
    }
    case 'triplet per anchor': {
      const pairs = split(selected)
      return { pairs: () => pairs, pairsOfTriplets: () => pairs, triplets: () => onePerAnchor(pairs) }
    }
    case 'triplets':
    case 'negative per pair': {
      const weights = selected as tf.Tensor3D
      const read = selection === 'triplets' ? denseTriplets : oneNegativePerPair
      const pairs = () => pairsOfTriplets(weights)
      return { pairs, pairsOfTriplets: pairs, triplets: () => read(weights) }
    }
  }
}

function split(stacked: tf.Tensor): Pairs {
  const [positive, negative] = [0, 1].map((i) => detached<tf.Tensor3D>([stacked], (s) => s.slice([i], [1])))
  const [, anchors, references] = stacked.shape as [number, number, number]
  return { positive: positive!.as2D(anchors, references), negative: negative!.as2D(anchors, references) }
}
