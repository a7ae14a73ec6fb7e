import type { GraphNode } from '../graph.ts'
import type { BlockedFilters } from './filters.ts'
import { domain } from './operators.ts'
import type { LoweredValues } from './values.ts'
import type { BlockedWriter } from './writer.ts'

/**
 * Elements of dx whose places leave the same rest after division by the stride meet the same taps: each rest is a
 * small convolution of dy. All rests are computed as one, with so many times the channels, and then interleaved
 * (Shi et al. 2016, "sub-pixel convolution").
 */
export function blockedInputGradient(
  values: LoweredValues,
  writer: BlockedWriter,
  filters: BlockedFilters,
  node: GraphNode,
): string {
  const { inputs, outputs, attributes } = node
  const { block } = writer
  const [errors, filter] = inputs as [string, string]
  const [n, ins, height, width] = values.shape(outputs[0]!) as [number, number, number, number]
  const [outs, , filterHeight, filterWidth] = values.shape(filter) as [number, number, number, number]
  const [, , outHeight, outWidth] = values.shape(errors) as [number, number, number, number]
  const [stepY, stepX] = attributes.strides as [number, number]
  const [top, left] = attributes.pads as [number, number]
  const [tapsY, tapsX] = [Math.ceil(filterHeight / stepY), Math.ceil(filterWidth / stepX)]
  const rests = filterHeight * filterWidth === 1 ? 1 : stepY * stepX // of a single tap all but the first are zero
  const [restsY, restsX] = rests === 1 ? [1, 1] : [stepY, stepX]
  const columns = rests === 1 ? outWidth : Math.ceil((width + left) / stepX)
  const met = rests === 1 ? outHeight : Math.ceil((height + top) / stepY)
  // Behind the last row that meets a tap the result is zero: one such row is kept where zeros are needed.
  const needsZeros = rests === 1 || met * stepY < height + top || columns * stepX < width + left
  const rows = needsZeros ? Math.max(met, outHeight + tapsY) : met
  // [out, in, tap, rest, tap, rest] → [rest, rest, in, out, tap, tap]
  const pads = [0, 0, 0, 0, 0, 0, tapsY * stepY - filterHeight, tapsX * stepX - filterWidth]
  const whole =
    rests === 1 ? values.plain(filter) : writer.add('Pad', [values.plain(filter), writer.integers(pads)])
  const split = writer.reshaped(whole, [outs, ins, tapsY, restsY, tapsX, restsX])
  const byRest = writer.add('Transpose', [split], { perm: [3, 5, 1, 0, 2, 4] })
  const shape = [rests * ins, outs, tapsY, tapsX]
  const kernel = filters.turned(
    filters.kernelInBlocks(writer.reshaped(byRest, shape), shape, false),
    shape,
    false,
  )
  const result = writer.add(`${domain}.Conv`, [values.blocked(errors), kernel], {
    kernel_shape: [tapsY, tapsX],
    strides: [1, 1],
    dilations: [1, 1],
    pads: [tapsY - 1, tapsX - 1, rows - outHeight, columns - outWidth],
    group: 1,
  })
  return writer.pixels(result, [n, rests * ins, rows, columns], [ins, height, width], (group, y, x) => {
    const [row, column] = [y + top, x + left]
    const [restY, restX] = [row % stepY, column % stepX]
    const [fromY, fromX] = [(row - restY) / stepY, (column - restX) / stepX]
    if (restY >= restsY || restX >= restsX || fromY >= rows || fromX >= columns) return null
    return [((restY * restsX + restX) * ins) / block + group, fromY, fromX]
  })
}
