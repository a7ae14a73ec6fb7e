import type { Attribute, GraphNode } from '../graph.ts'
import { sizeOf } from '../tensor.ts'
import type { BlockedFilters } from './filters.ts'
import { domain } from './operators.ts'
import type { LoweredValues } from './values.ts'
import type { BlockedWriter } from './writer.ts'

/** A convolution, or a factor for each channel, with what is done to its output at once. */
export interface Chain {
  image: string
  by: { convolution: GraphNode } | { factor: string | null } // [1, channels, 1, 1]; null: one
  bias?: { name: string; negative?: boolean } // [1, channels, 1, 1]
  sum?: string
  relu?: boolean
}

/** Written as the one convolution that it is. */
export function putDown(
  values: LoweredValues,
  writer: BlockedWriter,
  filters: BlockedFilters,
  { image, by, bias, sum, relu }: Chain,
): string {
  const shape = values.shape(image)
  const [n, channels] = shape as [number, number]
  const vector = (name: string) => {
    const plain = values.plain(name)
    return writer.reshaped(plain, [sizeOf(values.shape(name))])
  }
  const extras: string[] = []
  if (bias || sum) {
    const term = bias ? vector(bias.name) : ''
    extras.push(bias?.negative ? writer.add('Neg', [term]) : term)
  }
  const activation: Record<string, Attribute> = relu ? { activation: 'Relu' } : {}
  if ('convolution' in by) {
    const { inputs, attributes } = by.convolution
    const from = channels % writer.block === 0 ? values.blocked(image) : values.plain(image)
    if (sum) extras.push(values.blocked(sum))
    const kernel = filters.kernel(inputs[1]!, attributes.group !== 1)
    return writer.add(`${domain}.Conv`, [from, kernel, ...extras], { ...attributes, ...activation })
  }
  // One tap for each channel. A whole map is one row: one call for it, not one for each of its rows.
  const row = [n, channels, 1, shape[2]! * shape[3]!]
  const tap =
    by.factor === null ? writer.ones(channels) : writer.reshaped(values.plain(by.factor), [channels, 1, 1, 1])
  if (sum) extras.push(writer.reshaped(values.blocked(sum), row))
  const window = {
    kernel_shape: [1, 1],
    strides: [1, 1],
    dilations: [1, 1],
    pads: [0, 0, 0, 0],
    group: channels,
  }
  const operands = [writer.reshaped(values.blocked(image), row), tap, ...extras]
  return writer.reshaped(writer.add(`${domain}.Conv`, operands, { ...window, ...activation }), shape)
}
