import type * as tf from '@tensorflow/tfjs'
import type { Parameter, Tensors } from '../layers/layer.ts'
import type { Settings, SettingValues } from '../setting.ts'

/** How two embeddings are compared: one matrix for all anchors and all references. */
export interface Distance<S extends Settings = Settings> {
  id: string
  name: string
  formula: string
  source: string
  /** Of a distance, smaller is more alike; of a similarity, larger. */
  kind: 'distance' | 'similarity'
  /** Whether embeddings are scaled to unit length first, unless asked otherwise; 'always': it is part of the formula. */
  unitLength: boolean | 'always'
  settings: S
  /** What training learns of it. */
  learned(embeddingLength: number, settings: SettingValues<S>): Parameter[]
  /** [anchors, length] and [references, length] to [anchors, references]. */
  between(
    anchors: tf.Tensor2D,
    references: tf.Tensor2D,
    settings: SettingValues<S>,
    learned: Tensors,
  ): tf.Tensor2D
}

/** A distance as the catalogue keeps it, its settings checked against their own description. */
export function defineDistance<const S extends Settings>(distance: Distance<S>): Distance {
  return distance as unknown as Distance
}
