import type * as tf from '@tensorflow/tfjs'
import type { Settings, SettingValues } from '../setting.ts'

/** Losses of pairs, triplets or samples, before they become one number. */
export interface Items {
  /** Any shape; one loss per item. */
  losses: tf.Tensor
  /** Broadcasts to `losses`: how often the item counts; 0 where there is none. */
  weights: tf.Tensor
  /** int32, one label per row of `losses`; null for a term that belongs to no sample (a penalty on what is learned). */
  labels: tf.Tensor1D | null
}

/** Makes one number of many losses; 0 with no item, never a division by zero. */
export interface Reducer<S extends Settings = Settings> {
  id: string
  name: string
  formula: string
  source: string
  settings: S
  /** To a scalar. `classWeights` is [classes]. */
  reduce(items: Items, settings: SettingValues<S>, classWeights?: tf.Tensor1D): tf.Scalar
}

/** A reducer as the catalogue keeps it, its settings checked against their own description. */
export function defineReducer<const S extends Settings>(reducer: Reducer<S>): Reducer {
  return reducer as unknown as Reducer
}
