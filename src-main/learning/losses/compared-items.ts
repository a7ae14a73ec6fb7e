import type * as tf from '@tensorflow/tfjs'
import { detached } from '../detach.ts'
import type { Distance } from '../distances/distance.ts'
import { unitLength } from '../distances/unit-length.ts'
import type { Tensors } from '../layers/layer.ts'
import { mine, type Mined, type Miner } from '../miners/miner.ts'
import { labelPairs } from '../miners/pairs.ts'
import type { Items } from '../reducers/reducer.ts'
import { resolveSettings, type Settings, type SettingValues } from '../setting.ts'
import type { EmbeddingLoss } from './loss.ts'
import type { Part } from './part.ts'

/** How embeddings are compared, as it was asked for. */
export interface Comparing {
  distance: Part<Distance>
  unitLength: boolean | undefined
  miner: Part<Miner>
  /** The miner's own distance, where it is defined on one. */
  minerDistance: Part<Distance> | undefined
  /** Whether the miner was chosen, or is the loss's default. */
  minerAsked: boolean
}

/** The parts that compare embeddings, checked against the loss and each other. */
export interface CheckedComparison {
  distance: Distance
  distanceSettings: SettingValues<Settings>
  unit: boolean
  miner: Miner
  minerSettings: SettingValues<Settings>
  minerDistance: Distance
  minerUnit: boolean
}

/** Checks that a loss, its distance and its miner go together. Throws a sentence where they do not. */
export function checkedComparison(loss: EmbeddingLoss, comparing: Comparing): CheckedComparison {
  const { distance, miner, minerDistance, unitLength, minerAsked } = comparing
  const { described } = distance
  const accepts = loss.distances
  const fits =
    accepts === undefined ||
    (accepts === 'distances' && described.kind === 'distance') ||
    (accepts === 'similarities' && described.kind === 'similarity') ||
    (Array.isArray(accepts) && accepts.includes(described.id))
  if (!fits) {
    const wanted = Array.isArray(accepts)
      ? accepts.join(' or ')
      : accepts === 'distances'
        ? 'a distance, where smaller is more alike'
        : 'a similarity, where larger is more alike'
    throw new Error(`${loss.id} is defined on ${wanted}, not on ${described.id}`)
  }
  if (described.unitLength === 'always' && unitLength === false) {
    throw new Error(`${described.id} always compares unit vectors; use dot-product for others`)
  }
  const unit = unitLength ?? described.unitLength !== false
  if (loss.unitLength === 'required' && !unit) throw new Error(`${loss.id} is defined on unit vectors only`)
  if (loss.noMiner && minerAsked && miner.described.id !== 'all') {
    throw new Error(`${loss.id} takes no miner: ${loss.noMiner}`)
  }
  return {
    distance: described,
    distanceSettings: resolveSettings(described.id, described.settings, distance.settings),
    unit,
    miner: miner.described,
    minerSettings: resolveSettings(miner.described.id, miner.described.settings, miner.settings),
    minerDistance: minerDistance?.described ?? described,
    minerUnit: minerDistance ? true : unit,
  }
}

/** One batch, and what it is compared with. */
export interface Compared {
  embeddings: tf.Tensor2D
  labels: tf.Tensor1D
  learned: Tensors
  memory?: { embeddings: tf.Tensor2D; labels: tf.Tensor1D }
  random: tf.Tensor2D | undefined
}

/** A loss's items for a batch against itself, or against a memory that receives no gradient. */
export function comparedItems(
  loss: EmbeddingLoss,
  settings: SettingValues<Settings>,
  parts: CheckedComparison,
  { embeddings, labels, learned, memory, random }: Compared,
): Items[] {
  if (memory && loss.noMemory) throw new Error(`${loss.id} takes no memory: ${loss.noMemory}`)
  const { distance, unit, miner } = parts
  const prepare = (x: tf.Tensor2D, toUnit: boolean) => (toUnit ? unitLength(x) : x)
  const others = memory && detached<tf.Tensor2D>([memory.embeddings], (m) => m.clone())
  const anchors = prepare(embeddings, unit)
  const references = others ? prepare(others, unit) : anchors
  const between = (a: tf.Tensor2D, b: tf.Tensor2D) => distance.between(a, b, parts.distanceSettings, learned)
  const apart = (of: Distance, compared: tf.Tensor2D) =>
    of.kind === 'similarity' ? compared.neg<tf.Tensor2D>() : compared
  const compared = between(anchors, references)
  const distances = apart(distance, compared)
  const labelled = labelPairs(labels, memory?.labels ?? labels, memory ? 'others' : 'the batch itself')

  let mined: Mined | undefined
  const minedOnce = () => {
    if (mined) return mined
    const shared = parts.minerDistance === distance && parts.minerUnit === unit
    const a = shared ? anchors : prepare(embeddings, parts.minerUnit)
    const r = shared ? references : others ? prepare(others, parts.minerUnit) : a
    const seen = shared
      ? distances
      : apart(parts.minerDistance, parts.minerDistance.between(a, r, {}, learned))
    mined = mine(
      miner,
      { distances: seen, anchors: a, references: r, ...labelled, random },
      parts.minerSettings,
    )
    return mined
  }
  return loss.items(
    {
      anchors,
      references,
      labels,
      compared,
      distances,
      referenceDistances: () => (memory ? apart(distance, between(references, references)) : distances),
      labelled,
      pairs: () => minedOnce().pairs(),
      pairsOfTriplets: () => minedOnce().pairsOfTriplets(),
      triplets: () => minedOnce().triplets(),
      learned,
    },
    settings,
  )
}
