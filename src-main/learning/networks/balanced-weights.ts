import type { Values } from './initialise.ts'
import type { Network } from './network.ts'

const wantedRms = 0.02 // of a filter's weights: about He et al. 2015 for the widest layers, for which customary rates are meant

/**
 * The same function with weights of about one size: where a channel scale follows a convolution, the filters are
 * multiplied by a power of two that brings their root mean square near 0.02, and the scale is divided by it, so that no
 * embedding changes by a bit. Adam's steps are equally long for every weight; dlib's filters are so small in the last
 * blocks (6e-4, beside scales of 10) that a rate which hardly moves the first layers rewrites the last ones. That a
 * network's steps depend on how its function is written is Neyshabur et al. 2015 (Path-SGD); equal relative steps are
 * You et al. 2020 (LAMB), got here without an optimiser of their own.
 */
export function balancedWeights({ parameters }: Pick<Network, 'parameters'>, values: Values): Values {
  const balanced = { ...values }
  for (const { name } of parameters) {
    if (!name.endsWith('.weights')) continue
    const scale = `${name.slice(0, -'.weights'.length)}.scale`
    if (!values[scale]) continue
    const factor = 2 ** Math.round(Math.log2(wantedRms / rootMeanSquare(values[name]!)))
    if (!Number.isFinite(factor)) continue // all weights are zero
    balanced[name] = values[name]!.map((value) => value * factor)
    balanced[scale] = values[scale]!.map((value) => value / factor)
  }
  return balanced
}

function rootMeanSquare(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length)
}
