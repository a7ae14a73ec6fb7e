import type { GraphNode } from '../graph.ts'
import { sameNumbers, sizeOf, upTo } from '../tensor.ts'
import { domain } from './operators.ts'
import type { LoweredValues } from './values.ts'
import { rowOrder, type BlockedWriter } from './writer.ts'

/** Filters in the order that blocked convolutions want. */
export class BlockedFilters {
  private readonly values: LoweredValues
  private readonly writer: BlockedWriter

  constructor(values: LoweredValues, writer: BlockedWriter) {
    this.values = values
    this.writer = writer
  }

  /** A kernel [out, in, height, width] in blocks. */
  kernel(name: string, depthwise: boolean): string {
    const shape = this.values.shape(name)
    const node = this.values.producer(name)
    if (node && this.isTurned(node))
      return this.turned(this.kernel(node.inputs[0]!, depthwise), shape, depthwise)
    if (!depthwise && node?.operator === 'Transpose' && this.isSwapped(node)) return this.swapped(node, shape)
    return this.kernelInBlocks(this.values.plain(name), shape, depthwise)
  }

  /** Outputs and inputs change places, both in whole blocks. */
  private isSwapped({ inputs, attributes }: GraphNode): boolean {
    const [outputs, ins] = this.values.shape(inputs[0]!) as [number, number]
    const isWhole = outputs % this.writer.block === 0 && ins % this.writer.block === 0
    return isWhole && sameNumbers(attributes.perm as number[], [1, 0, 2, 3])
  }

  /** A kernel [in, out, height, width] out of the blocked [out, in, height, width], turned where the node's input is: whole tiles change places, then each is transposed. */
  private swapped({ inputs }: GraphNode, shape: readonly number[]): string {
    const { block } = this.writer
    const before = this.values.producer(inputs[0]!)
    const isTurned = !!before && this.isTurned(before)
    const forward = this.kernel(isTurned ? before.inputs[0]! : inputs[0]!, false)
    const [ins, outs, taps] = [shape[0]! / block, shape[1]! / block, shape[2]! * shape[3]!]
    const order = rowOrder([outs, ins, taps], [1, 0, 2], isTurned ? [2] : [])
    const tiles = this.writer.rows(forward, [1, outs * ins * taps, block * block], order)
    const transposed = this.writer.add(`${domain}.ReorderInput`, [
      this.writer.reshaped(tiles, [outs * ins * taps, block, block, 1]),
    ])
    return this.writer.reshaped(transposed, shape)
  }

  /** As [out / block, in / block, height, width, block of in, block of out]; depthwise [out / block, height, width, block]. */
  kernelInBlocks(plain: string, shape: readonly number[], depthwise: boolean): string {
    const [outputs, inputs, height, width] = shape as [number, number, number, number]
    const { block } = this.writer
    const places = depthwise ? height * width : inputs * height * width
    const rows = this.writer.add(`${domain}.ReorderInput`, [
      this.writer.reshaped(plain, [1, outputs, places, 1]),
    ])
    const taps = height * width
    if (depthwise || inputs < block || taps === 1) return this.writer.reshaped(rows, shape)
    const tile = [(outputs * inputs) / block ** 2, block * taps, block]
    return this.writer.reshaped(this.writer.rows(rows, tile, rowOrder([block, taps], [1, 0])), shape)
  }

  /** A blocked kernel with height and width reversed. */
  turned(kernel: string, shape: readonly number[], depthwise: boolean): string {
    const places = shape[2]! * shape[3]!
    const tile = depthwise ? this.writer.block : Math.min(shape[1]!, this.writer.block) * this.writer.block
    const rows = this.writer.reshaped(kernel, [sizeOf(shape) / places / tile, places, tile])
    const backwards = this.writer.integers(upTo(places).reverse())
    return this.writer.reshaped(this.writer.add('Gather', [rows, backwards], { axis: 1 }), shape)
  }

  /** Height and width reversed. */
  private isTurned({ operator, inputs }: GraphNode): boolean {
    const [axes, steps] = [inputs[3], inputs[4]].map((name) => this.values.constantAt(name ?? ''))
    return (
      operator === 'Slice' && !!axes && !!steps && sameNumbers(axes, [2, 3]) && sameNumbers(steps, [-1, -1])
    )
  }
}
