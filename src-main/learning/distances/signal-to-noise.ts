import type * as tf from '@tensorflow/tfjs'
import { detached } from '../detach.ts'
import { defineDistance } from './distance.ts'
import { squaredEuclidean } from './squared-euclidean.ts'

/**
 * var(a − b) / var(a), [anchors, references]: the anchor is the signal, what differs is noise. Not symmetric.
 * An anchor without variance has no such ratio: its row is 0, without gradient.
 */
export function signalToNoise(anchors: tf.Tensor2D, references: tf.Tensor2D): tf.Tensor2D {
  const a = anchors.sub<tf.Tensor2D>(anchors.mean(1, true))
  const b = references.sub<tf.Tensor2D>(references.mean(1, true))
  const signal = a.square().sum(1, true) //                               [anchors, 1]; the number of dimensions cancels
  const present = detached([signal], (s) => s.greater(1e-12).cast('float32'))
  const safe = signal.mul(present).add(detached([present], (p) => p.neg().add(1)))
  return squaredEuclidean(a, b).mul(present).div(safe) //                 Yuan et al. 2019
}

export const signalToNoiseDistance = defineDistance({
  id: 'signal-to-noise',
  name: 'Signal-to-noise ratio',
  formula: 'var(a − b) / var(a)',
  source: 'Yuan, Deng, Tang, Tang, Chen 2019 (Signal-to-Noise Ratio)',
  kind: 'distance',
  unitLength: false,
  settings: {},
  learned: () => [],
  between: (anchors, references) => signalToNoise(anchors, references),
})
