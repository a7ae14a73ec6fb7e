import type { Initialiser, Parameter, Statistic } from '../layers/layer.ts'
import { random, type Random } from '../random.ts'
import { size } from './network.ts'

/** Numbers by tensor name. */
export type Values = Record<string, Float32Array>

/** Starting parameters under a seed; each has a stream of its own, so a new one does not move the others. */
export function initialParameters(parameters: readonly Parameter[], seed: number): Values {
  return Object.fromEntries(
    parameters.map(({ name, shape, initialiser }) => [
      name,
      draw(initialiser, shape, random(seed, 'initialise', name)),
    ]),
  )
}

/** Starting running statistics: mean 0, variance 1. */
export function initialStatistics(statistics: readonly Statistic[]): Values {
  return Object.fromEntries(
    statistics.map(({ name, shape, initial }) => [name, new Float32Array(size(shape)).fill(initial)]),
  )
}

function draw(initialiser: Initialiser, shape: readonly number[], source: Random): Float32Array {
  const values = new Float32Array(size(shape))
  switch (initialiser.kind) {
    case 'constant':
      return values.fill(initialiser.value)
    case 'normal':
      return values.map(() => initialiser.mean + initialiser.deviation * source.normal())
    case 'uniform':
      return values.map(() => initialiser.bound * (2 * source.uniform() - 1))
    case 'identity':
      return values.map((_, i) => (Math.floor(i / shape[1]!) === i % shape[1]! ? 1 : 0))
  }
}
