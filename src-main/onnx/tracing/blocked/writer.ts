import { domain } from './operators.ts'
import type { Attribute, Graph } from '../graph.ts'
import { sizeOf, upTo } from '../tensor.ts'

/** [n, channels, height, width]; blocked, the channels come in whole blocks. */
export type Image = readonly [number, number, number, number]

/** Writes nodes on blocked images into a graph: what moves elements does so by operators that use all threads. */
export class BlockedWriter {
  readonly graph: Graph
  readonly block: number

  constructor(graph: Graph, block: number) {
    this.graph = graph
    this.block = block
  }

  add(operator: string, inputs: string[], attributes: Record<string, Attribute> = {}): string {
    return this.graph.add(operator, inputs, attributes)[0]!
  }

  reshaped(name: string, shape: readonly number[]): string {
    const before = this.graph.producer(name)
    const from = before?.operator === 'Reshape' ? before.inputs[0]! : name // one of several in a row is enough
    return this.add('Reshape', [from, this.integers(shape)])
  }

  /** Whole numbers as an input of a node. */
  integers(values: readonly number[]): string {
    return this.graph.integers(values)
  }

  /** Rows along the second axis of [some, rows, length], in another order. ONNX Runtime's `Transpose` would use one thread. */
  rows(name: string, shape: readonly number[], order: readonly number[]): string {
    const rows = this.reshaped(name, shape)
    if (order.every((from, to) => from === to) && order.length === shape[1]) return rows
    return this.add('Gather', [rows, this.integers(order)], { axis: 1 })
  }

  /**
   * A blocked image put together from the pixels of another, a block of channels each: `from` tells where, null where
   * there is none. The source's last row must be zero then.
   */
  pixels(
    name: string,
    [n, channels, height, width]: Image,
    [newChannels, newHeight, newWidth]: readonly [number, number, number],
    from: (group: number, y: number, x: number) => readonly [number, number, number] | null,
  ): string {
    const zero = height * width - 1
    const order = upTo(newChannels / this.block).flatMap((group) =>
      upTo(newHeight).flatMap((y) =>
        upTo(newWidth).map((x) => {
          const place = from(group, y, x)
          return place ? (place[0] * height + place[1]) * width + place[2] : zero
        }),
      ),
    )
    const pixels = [n, (channels / this.block) * height * width, this.block]
    return this.reshaped(this.rows(name, pixels, order), [n, newChannels, newHeight, newWidth])
  }

  /** A blocked image with a frame of zeros (top, left, bottom, right), cut where that is negative. A convolution's padding is the frame that uses all threads. */
  framed(image: string, [n, channels, height, width]: Image, frame: readonly number[]): string {
    const { block } = this
    const [top, left, bottom, right] = frame as [number, number, number, number]
    if (frame.every((count) => count === 0)) return image
    const shape = [n, channels, height + top + bottom, width + left + right]
    if (frame.some((count) => count < 0)) {
      const rows = this.reshaped(image, [n, channels / block, height, width * block])
      return this.reshaped(this.framedRows(rows, [top, left * block, bottom, right * block]), shape)
    }
    const window = { kernel_shape: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [...frame] }
    const operands = [this.reshaped(image, [n, channels, height, width]), this.ones(channels)]
    return this.add(`${domain}.Conv`, operands, { ...window, group: channels })
  }

  /** [n, groups, rows, columns] with a frame of zeros, cut where that is negative. */
  framedRows(rows: string, frame: readonly number[]): string {
    if (frame.every((count) => count === 0)) return rows
    const [top, left, bottom, right] = frame as [number, number, number, number]
    return this.add('Pad', [rows, this.integers([0, 0, top, left, 0, 0, bottom, right])], {
      mode: 'constant',
    })
  }

  /** Zeros between the pixels of a blocked image, and behind the last of each row and column: [n, c, h, w] → [n, c, h · stepY, w · stepX]. */
  spread(
    image: string,
    [n, channels, height, width]: Image,
    [stepY, stepX]: readonly [number, number],
  ): string {
    const withZeros = this.framed(image, [n, channels, height, width], [0, 0, 1, 0])
    return this.pixels(
      withZeros,
      [n, channels, height + 1, width],
      [channels, height * stepY, width * stepX],
      (group, y, x) => (y % stepY || x % stepX ? null : [group, y / stepY, x / stepX]),
    )
  }

  ones(channels: number): string {
    return this.graph.initializer(new Float32Array(channels).fill(1), [channels, 1, 1, 1], 'float32')
  }
}

/** Where each row of a transposed array of rows was before; along the axes in `reversed` (of the old shape) counted backwards. */
export function rowOrder(
  shape: readonly number[],
  permutation: readonly number[],
  reversed: readonly number[] = [],
): number[] {
  let order = [0]
  for (const axis of permutation) {
    const stride = sizeOf(shape.slice(axis + 1))
    const steps = upTo(shape[axis]!).map((step) => (reversed.includes(axis) ? shape[axis]! - 1 - step : step))
    order = order.flatMap((from) => steps.map((step) => from + step * stride))
  }
  return order
}
