import type * as tf from '@tensorflow/tfjs'
import type { Settings, SettingValues } from '../setting.ts'

/** What a regulariser may look at. */
export interface Regularised {
  /** [batch, length], as they came. */
  embeddings: tf.Tensor2D
  /** [batch, any length]: what another network makes of the same photographs. */
  reference: tf.Tensor2D | undefined
  /** [length, classes], the class weights that the loss learns; proxies come transposed. */
  classes: tf.Tensor2D | undefined
}

/** A penalty beside the loss; a scalar that does not grow with the batch. */
export interface Regulariser<S extends Settings = Settings> {
  id: string
  name: string
  formula: string
  source: string
  needs: 'embeddings' | 'reference' | 'classes'
  settings: S
  penalty(regularised: Regularised, settings: SettingValues<S>): tf.Scalar
}

/** A regulariser as the catalogue keeps it, its settings checked against their own description. */
export function defineRegulariser<const S extends Settings>(regulariser: Regulariser<S>): Regulariser {
  return regulariser as unknown as Regulariser
}
