import type { GraphNode } from '../graph.ts'
import { upTo } from '../tensor.ts'
import { domain } from './operators.ts'
import type { LoweredValues } from './values.ts'
import type { BlockedWriter, Image } from './writer.ts'

/**
 * Each output's gradient goes to the first of its window's largest elements, tap by tap: what lies under a tap is
 * compared with the maximum in one convolution of a single one, and takes what the taps before it left. Taps that lie
 * whole strides apart meet the same places, shifted by an output: they are added, and the sums interleaved.
 */
export function blockedMaxPoolGradient(
  values: LoweredValues,
  writer: BlockedWriter,
  { inputs, attributes }: GraphNode,
): string {
  const [image, largest, errors] = inputs as [string, string, string]
  const [n, channels, height, width] = values.shape(image) as Image
  const [, , outHeight, outWidth] = values.shape(largest) as Image
  const [filterHeight, filterWidth] = attributes.kernel_shape as [number, number]
  const [stepY, stepX] = attributes.strides as [number, number]
  const places = filterHeight * filterWidth
  const negative = writer.add('Neg', [values.blocked(largest)])
  const isLargest = (tap: number) => {
    const single = new Float32Array(channels * places)
    // [channels / block, height, width, block]
    for (let channel = 0; channel < channels; channel++) {
      const [group, lane] = [Math.floor(channel / writer.block), channel % writer.block]
      single[(group * places + tap) * writer.block + lane] = 1
    }
    const shape = [channels, 1, filterHeight, filterWidth]
    return writer.add(
      `${domain}.Conv`,
      [values.blocked(image), writer.graph.initializer(single, shape, 'float32'), '', negative],
      {
        ...{ kernel_shape: [filterHeight, filterWidth], strides: [stepY, stepX], dilations: [1, 1] },
        ...{ pads: [0, 0, 0, 0], group: channels },
        // 1 where the difference is zero, 0 where it is negative
        ...{ activation: 'HardSigmoid', activation_params: { floats: [3e38, 1] } },
      },
    )
  }
  const [rows, columns] = [Math.ceil(height / stepY), Math.ceil(width / stepX)]
  const sums = new Map<number, string>() // by remainder of the tap's place
  let left = values.blocked(errors)
  for (let tap = 0; tap < places; tap++) {
    const [row, column] = [Math.floor(tap / filterWidth), tap % filterWidth]
    const share = tap === places - 1 ? left : writer.add('Mul', [left, isLargest(tap)])
    left = share === left ? left : writer.add('Sub', [left, share])
    const remainder = (row % stepY) * stepX + (column % stepX)
    const [down, across] = [Math.floor(row / stepY), Math.floor(column / stepX)]
    const before = sums.get(remainder)
    const window = { kernel_shape: [1, 1], strides: [1, 1], dilations: [1, 1], group: channels }
    const pads = [down, across, rows - down - outHeight, columns - across - outWidth]
    const operands = [writer.reshaped(share, [n, channels, outHeight, outWidth]), writer.ones(channels)]
    const sum = writer.add(`${domain}.Conv`, before ? [...operands, '', before] : operands, {
      ...window,
      pads,
    })
    sums.set(remainder, sum)
  }
  const remainders = upTo(stepY * stepX)
  const lines = [n, (channels / writer.block) * rows * columns * writer.block]
  const all = writer.add(
    'Concat',
    remainders.map((remainder) => writer.reshaped(sums.get(remainder)!, lines)),
    { axis: 1 },
  )
  return writer.pixels(
    all,
    [n, remainders.length * channels, rows, columns],
    [channels, height, width],
    (group, y, x) => [
      (((y % stepY) * stepX + (x % stepX)) * channels) / writer.block + group,
      Math.floor(y / stepY),
      Math.floor(x / stepX),
    ],
  )
}
