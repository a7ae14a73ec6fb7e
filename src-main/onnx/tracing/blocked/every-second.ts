import type { GraphNode } from '../graph.ts'
import { domain } from './operators.ts'
import type { LoweredValues } from './values.ts'
import type { BlockedWriter } from './writer.ts'

/** Every so many rows and columns from the first on: a convolution that steps over the others. */
export function everySecond(
  values: LoweredValues,
  writer: BlockedWriter,
  { inputs, outputs }: GraphNode,
): string | null {
  const [image] = inputs as [string]
  const [starts, , axes, steps] = inputs.slice(1).map((name) => values.constantAt(name))
  const [shape, result] = [values.shape(image), values.shape(outputs[0]!)]
  if (!starts || !axes || !steps || !values.isImage(shape) || !values.isBlocked(image)) return null
  const isOfPlaces = axes.every((axis) => axis === 2 || axis === 3)
  if (!isOfPlaces || starts.some((start) => start !== 0) || steps.some((step) => step < 1)) return null
  const strides = ([2, 3] as const).map((axis) => (axes.includes(axis) ? steps[axes.indexOf(axis)]! : 1))
  if (strides.some((step, at) => Math.ceil(shape[at + 2]! / step) !== result[at + 2])) return null
  const window = { kernel_shape: [1, 1], strides, dilations: [1, 1], pads: [0, 0, 0, 0] }
  const operands = [values.blocked(image), writer.ones(shape[1]!)]
  return writer.add(`${domain}.Conv`, operands, { ...window, group: shape[1]! })
}
