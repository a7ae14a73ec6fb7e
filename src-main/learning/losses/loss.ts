import type * as tf from '@tensorflow/tfjs'
import type { Parameter, Tensors } from '../layers/layer.ts'
import type { Pairs } from '../miners/pairs.ts'
import type { Triplets } from '../miners/triplets.ts'
import type { Items } from '../reducers/reducer.ts'
import type { Settings, SettingValues } from '../setting.ts'

interface Described<S extends Settings> {
  id: string
  name: string
  /** Plain text. d: a distance, s: a similarity, p: positive, n: negative, y: label. */
  formula: string
  /** Authors, year, equation. */
  source: string
  settings: S
  /** What the loss itself learns: proxies, class weights, margins; none unless said. */
  learned?(sizes: Sizes, settings: SettingValues<S>): Parameter[]
}

/** What the shapes of learned parameters follow from; labels are 0 … classes − 1 wherever `classes` matters. */
export interface Sizes {
  classes: number
  embeddingLength: number
}

/** A loss between embeddings: of a batch with itself, or with a memory of earlier ones. */
export interface EmbeddingLoss<S extends Settings = Settings> extends Described<S> {
  compares: 'embeddings'
  /** Which distances it is defined for; all, unless said. */
  distances?: readonly string[] | 'distances' | 'similarities'
  /** Whether embeddings must have unit length: the formula's constants mean nothing without it. */
  unitLength?: 'required'
  defaults: { distance: string; miner: string; reducer: string }
  /** Why it takes no miner, where it takes none. */
  noMiner?: string
  /** Why it cannot be computed against a memory, where it cannot. */
  noMemory?: string
  items(comparison: Comparison, settings: SettingValues<S>): Items[]
}

/** A loss between embeddings and what is learned of each class. */
export interface ClassLoss<S extends Settings = Settings> extends Described<S> {
  compares: 'classes'
  defaults: { reducer: string }
  items(batch: ClassBatch, settings: SettingValues<S>): Items[]
}

export type Loss = EmbeddingLoss | ClassLoss

/** Anchors compared with references, as a loss sees them. */
export interface Comparison {
  /** [anchors, length]; unit length where the distance asks for it. */
  anchors: tf.Tensor2D
  /** [references, length]; the same tensor as `anchors` within one batch. */
  references: tf.Tensor2D
  /** int32 [anchors] */
  labels: tf.Tensor1D
  /** [anchors, references]: the distance or similarity itself. */
  compared: tf.Tensor2D
  /** [anchors, references]: smaller is more alike. A similarity is negated. */
  distances: tf.Tensor2D
  /** [references, references], as `distances`. */
  referenceDistances(): tf.Tensor2D
  /** Which labels agree and differ, [anchors, references], whatever was mined. */
  labelled: Pairs
  /** What the miner chose. */
  pairs(): Pairs
  /** The same, each pair as often as it stands in a triplet. */
  pairsOfTriplets(): Pairs
  triplets(): Triplets
  learned: Tensors
}

/** A batch and its classes, as a loss sees them. */
export interface ClassBatch {
  /** [batch, length], as they came. */
  embeddings: tf.Tensor2D
  /** int32 [batch], 0 … classes − 1; others belong to no class and are left out. */
  labels: tf.Tensor1D
  /** [batch, classes]: 1 at the label. */
  oneHot: tf.Tensor2D
  /** [batch]: 1 where the label is a class, else 0. */
  known: tf.Tensor1D
  learned: Tensors
}

/** A loss as the catalogue keeps it, its settings checked against their own description. */
export function defineLoss<const S extends Settings>(loss: EmbeddingLoss<S>): EmbeddingLoss {
  return loss as unknown as EmbeddingLoss
}

/** A class loss as the catalogue keeps it, its settings checked against their own description. */
export function defineClassLoss<const S extends Settings>(loss: ClassLoss<S>): ClassLoss {
  return loss as unknown as ClassLoss
}
