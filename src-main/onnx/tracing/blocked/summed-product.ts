import type { GraphNode } from '../graph.ts'
import { sameNumbers } from '../tensor.ts'
import { domain } from './operators.ts'
import type { LoweredValues } from './values.ts'
import type { BlockedWriter, Image } from './writer.ts'

/** Σ a · b over height and width, [n, channels, 1, 1]: each map a filter under which the other lies once. Neither is copied, nor the product written. */
export function summedProduct(
  values: LoweredValues,
  writer: BlockedWriter,
  [a, b]: [string, string],
  [n, channels, height, width]: Image,
): string {
  const all = n * channels
  const window = { kernel_shape: [height, width], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] }
  const operands = [
    writer.reshaped(values.blocked(a), [1, all, height, width]),
    writer.reshaped(values.blocked(b), [all, 1, height, width]),
  ]
  return writer.reshaped(writer.add(`${domain}.Conv`, operands, { ...window, group: all }), [
    n,
    channels,
    1,
    1,
  ])
}

/** Of a sum or mean over height and width, and perhaps the batch; null for any other node. */
export function axesOfReduction(
  values: LoweredValues,
  { operator, inputs, attributes }: GraphNode,
): readonly number[] | null {
  if (operator !== 'ReduceSum' && operator !== 'ReduceMean') return null
  const axes = inputs[1] === undefined ? (attributes.axes as number[]) : values.constantAt(inputs[1])
  return axes && (sameNumbers(axes, [0, 2, 3]) || sameNumbers(axes, [2, 3])) ? axes : null
}
