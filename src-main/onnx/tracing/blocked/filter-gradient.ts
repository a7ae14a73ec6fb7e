import type { GraphNode } from '../graph.ts'
import { upTo } from '../tensor.ts'
import { domain } from './operators.ts'
import type { LoweredValues } from './values.ts'
import { rowOrder, type BlockedWriter } from './writer.ts'

/**
 * A convolution of x under dy, the batch in the place of the channels. The channels of a block lie side by side in a
 * row, and dy steps over a whole block at a time: a row of the result holds all channels of the block for every tap,
 * wide enough to keep the processor busy, where one channel alone would have as many places as the filter is wide.
 */
export function blockedFilterGradient(
  values: LoweredValues,
  writer: BlockedWriter,
  { inputs, outputs, attributes }: GraphNode,
): string {
  const { block } = writer
  const [image, errors] = inputs as [string, string]
  const [outs, ins, filterHeight, filterWidth] = values.shape(outputs[0]!) as [number, number, number, number]
  const [n, , outHeight, outWidth] = values.shape(errors) as [number, number, number, number]
  const [stepY, stepX] = attributes.strides as [number, number]
  const [top, left] = attributes.pads as [number, number]
  const isBlocked = ins % block === 0
  const [height, width] = values.shape(image).slice(isBlocked ? 2 : 1) as [number, number]
  const [unit, groups] = isBlocked ? [block, ins / block] : [ins, 1]
  // As much of the image as the windows meet, borders of zeros included; the rest is cut away.
  const [reachY, reachX] = [(outHeight - 1) * stepY + filterHeight, (outWidth - 1) * stepX + filterWidth]
  const [bottom, right] = [reachY - height - top, reachX - width - left]
  const framed = isBlocked
    ? writer.framed(values.blocked(image), [n, ins, height, width], [top, left, bottom, right])
    : writer.framedRows(writer.reshaped(values.plain(image), [n, 1, height, width * unit]), [
        top,
        left * unit,
        bottom,
        right * unit,
      ])
  const byBatch = writer.add(`${domain}.ReorderInput`, [
    writer.reshaped(framed, [1, n, groups * reachY * reachX * unit, 1]),
  ])
  // For each group the rows under each band of dy; where bands overlap, a row is there twice.
  const bands = bandsOf(outHeight, outWidth * 4 * block * Math.min(outs, 4 * block))
  const bandHeight = outHeight / bands
  const bandReach = (bandHeight - 1) * stepY + filterHeight
  const met = upTo(groups * (n / block)).flatMap((place) => {
    const [group, part] = [Math.floor(place / (n / block)), place % (n / block)]
    const first = (part * groups + group) * reachY
    return upTo(bands).flatMap((band) =>
      upTo(bandReach).map((row) => first + band * bandHeight * stepY + row),
    )
  })
  const isInOrder = groups === 1 && bands === 1
  const first = isInOrder
    ? byBatch
    : writer.rows(byBatch, [1, (n / block) * groups * reachY, reachX * unit * block], met)
  const second = errorsAsKernel(writer, values.blocked(errors), [n, outs, outHeight * outWidth])
  const product = writer.add(
    `${domain}.Conv`,
    [
      writer.reshaped(first, [groups, n * bands, bandReach, reachX * unit]),
      writer.reshaped(second, [outs, n * bands, bandHeight, outWidth]),
    ],
    {
      kernel_shape: [bandHeight, outWidth],
      strides: [1, 1],
      dilations: [stepY, stepX * unit],
      pads: [0, 0, 0, 0],
      group: 1,
    },
  ) // [groups, out, filterHeight, filterWidth · unit]
  const taps = filterHeight * filterWidth
  const outFirst =
    groups === 1 || outs === block
      ? product
      : writer.rows(
          product,
          [1, (groups * outs) / block, taps * unit * block],
          rowOrder([groups, outs / block], [1, 0]),
        )
  const tapsLast = writer.rows(
    outFirst,
    [(groups * outs) / block, taps * unit, block],
    rowOrder([taps, unit], [1, 0]),
  )
  const plain = writer.add(`${domain}.ReorderOutput`, [writer.reshaped(tapsLast, [1, outs, ins * taps, 1])], {
    channels: outs,
  })
  return writer.reshaped(plain, [outs, ins, filterHeight, filterWidth])
}

/** dy, blocked, as a kernel whose inputs are the batch: [out / block, n / block, place, block of n, block of out]. */
function errorsAsKernel(
  writer: BlockedWriter,
  errors: string,
  [n, outs, places]: [number, number, number],
): string {
  const { block } = writer
  const blocks = outs / block
  const outFirst =
    blocks === 1
      ? errors
      : writer.rows(errors, [1, n * blocks, places * block], rowOrder([n, blocks], [1, 0]))
  const byImage = writer.reshaped(outFirst, [(blocks * n) / block, block, 1, places * block])
  // From [image, place] to [place, image], a block of outputs each: what this operator does to channels that come last.
  return writer.add(`${domain}.ReorderInput`, [byImage], { channels_last: 1 })
}

const cacheBytes = 1.2e6 // what of a kernel stays in the second-level cache; measured on one with 2 MB

/**
 * Into how many equal bands of rows a kernel is cut, so that one stays in the cache while a row of the result is
 * computed. Bands are further channels: the sum runs over both.
 */
function bandsOf(rows: number, bytesPerRow: number): number {
  const fits = (bands: number) => (rows / bands) * bytesPerRow <= cacheBytes
  const divisors = upTo(rows + 1).filter((bands) => bands > 0 && rows % bands === 0)
  return divisors.find(fits) ?? rows
}
