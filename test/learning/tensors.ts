import * as tf from '@tensorflow/tfjs'
import type { Tensors } from '../../src-main/learning/layers/layer.ts'
import type { Values } from '../../src-main/learning/networks/initialise.ts'
import type { Network } from '../../src-main/learning/networks/network.ts'
import { initialParameters, initialStatistics } from '../../src-main/learning/networks/initialise.ts'

/** Plain numbers as tensors of their owners' shapes. */
export function tensorsOf(
  owners: readonly { name: string; shape: readonly number[] }[],
  values: Values,
): Tensors {
  return Object.fromEntries(
    owners.map(({ name, shape }) => [name, tf.tensor(values[name]!, [...shape], 'float32')]),
  )
}

/** A network's starting parameters and running statistics as tensors. */
export function initialTensors(network: Network, seed = 1): { parameters: Tensors; statistics: Tensors } {
  return {
    parameters: tensorsOf(network.parameters, initialParameters(network.parameters, seed)),
    statistics: tensorsOf(network.statistics, initialStatistics(network.statistics)),
  }
}
