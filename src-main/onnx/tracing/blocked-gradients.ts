import type { BlockedFilters, LoweredValues } from './blocked-filters.ts'
import { domain } from './blocked-operators.ts'
import { rowOrder, type BlockedWriter, type Image } from './blocked-writer.ts'
import type { GraphNode } from './graph.ts'
import { upTo } from './tensor.ts'

/** The gradients of convolutions and pools, out of blocked convolutions. */
export class BlockedGradients {
  private readonly values: LoweredValues
  private readonly writer: BlockedWriter
  private readonly filters: BlockedFilters

  constructor(values: LoweredValues, writer: BlockedWriter, filters: BlockedFilters) {
    this.values = values
    this.writer = writer
    this.filters = filters
  }

  /**
   * A convolution of x under dy, the batch in the place of the channels. The channels of a block lie side by side in a
   * row, and dy steps over a whole block at a time: a row of the result holds all channels of the block for every tap,
   * wide enough to keep the processor busy, where one channel alone would have as many places as the filter is wide.
   */
  filterGradient({ inputs, outputs, attributes }: GraphNode): string {
    const { block } = this.writer
    const [image, errors] = inputs as [string, string]
    const [outs, ins, filterHeight, filterWidth] = this.values.shape(outputs[0]!) as [
      number,
      number,
      number,
      number,
    ]
    const [n, , outHeight, outWidth] = this.values.shape(errors) as [number, number, number, number]
    const [stepY, stepX] = attributes.strides as [number, number]
    const [top, left] = attributes.pads as [number, number]
    const isBlocked = ins % block === 0
    const [height, width] = this.values.shape(image).slice(isBlocked ? 2 : 1) as [number, number]
    const [unit, groups] = isBlocked ? [block, ins / block] : [ins, 1]
    // As much of the image as the windows meet, borders of zeros included; the rest is cut away.
    const [reachY, reachX] = [(outHeight - 1) * stepY + filterHeight, (outWidth - 1) * stepX + filterWidth]
    const [bottom, right] = [reachY - height - top, reachX - width - left]
    const framed = isBlocked
      ? this.writer.framed(this.values.blocked(image), [n, ins, height, width], [top, left, bottom, right])
      : this.writer.framedRows(this.writer.reshaped(this.values.plain(image), [n, 1, height, width * unit]), [
          top,
          left * unit,
          bottom,
          right * unit,
        ])
    const byBatch = this.writer.add(`${domain}.ReorderInput`, [
      this.writer.reshaped(framed, [1, n, groups * reachY * reachX * unit, 1]),
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
      : this.writer.rows(byBatch, [1, (n / block) * groups * reachY, reachX * unit * block], met)
    const second = this.errorsAsKernel(this.values.blocked(errors), [n, outs, outHeight * outWidth])
    const product = this.writer.add(
      `${domain}.Conv`,
      [
        this.writer.reshaped(first, [groups, n * bands, bandReach, reachX * unit]),
        this.writer.reshaped(second, [outs, n * bands, bandHeight, outWidth]),
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
        : this.writer.rows(
            product,
            [1, (groups * outs) / block, taps * unit * block],
            rowOrder([groups, outs / block], [1, 0]),
          )
    const tapsLast = this.writer.rows(
      outFirst,
      [(groups * outs) / block, taps * unit, block],
      rowOrder([taps, unit], [1, 0]),
    )
    const plain = this.writer.add(
      `${domain}.ReorderOutput`,
      [this.writer.reshaped(tapsLast, [1, outs, ins * taps, 1])],
      {
        channels: outs,
      },
    )
    return this.writer.reshaped(plain, [outs, ins, filterHeight, filterWidth])
  }

  /** dy, blocked, as a kernel whose inputs are the batch: [out / block, n / block, place, block of n, block of out]. */
  private errorsAsKernel(errors: string, [n, outs, places]: [number, number, number]): string {
    const { block } = this.writer
    const blocks = outs / block
    const outFirst =
      blocks === 1
        ? errors
        : this.writer.rows(errors, [1, n * blocks, places * block], rowOrder([n, blocks], [1, 0]))
    const byImage = this.writer.reshaped(outFirst, [(blocks * n) / block, block, 1, places * block])
    // From [image, place] to [place, image], a block of outputs each: what this operator does to channels that come last.
    return this.writer.add(`${domain}.ReorderInput`, [byImage], { channels_last: 1 })
  }

  /** Every channel of every image by itself: x as it lies under dy as it lies. */
  depthwiseFilterGradient({ inputs, outputs, attributes }: GraphNode): string {
    const [image, errors] = inputs as [string, string]
    const [n, channels, height, width] = this.values.shape(image) as [number, number, number, number]
    const [, , outHeight, outWidth] = this.values.shape(errors) as [number, number, number, number]
    const [, , filterHeight, filterWidth] = this.values.shape(outputs[0]!) as [number, number, number, number]
    const [stepY, stepX] = attributes.strides as [number, number]
    const [top, left] = attributes.pads as [number, number]
    const [reachY, reachX] = [(outHeight - 1) * stepY + filterHeight, (outWidth - 1) * stepX + filterWidth]
    const [bottom, right] = [Math.max(0, reachY - height - top), Math.max(0, reachX - width - left)]
    const [rows, columns] = [
      filterHeight + Math.max(0, height + top - reachY),
      filterWidth + Math.max(0, width + left - reachX),
    ]
    const all = n * channels
    const each = this.writer.add(
      `${domain}.Conv`,
      [
        this.writer.reshaped(this.values.blocked(image), [1, all, height, width]),
        this.writer.reshaped(this.values.blocked(errors), [all, 1, outHeight, outWidth]),
      ],
      {
        kernel_shape: [outHeight, outWidth],
        strides: [1, 1],
        dilations: [stepY, stepX],
        pads: [top, left, bottom, right],
        group: all,
      },
    ) // [1, n · channels, rows, columns]
    const plain = this.writer.add(`${domain}.ReorderOutput`, [each], { channels: all })
    const perImage = this.writer.reshaped(plain, [n, channels, 1, rows, columns])
    const sum = this.writer.graph.add('ReduceSum', [perImage, this.writer.integers([0])], { keepdims: 0 })[0]!
    if (rows === filterHeight && columns === filterWidth) return sum
    return this.writer.add('Slice', [
      sum,
      this.writer.integers([0, 0]),
      this.writer.integers([filterHeight, filterWidth]),
      this.writer.integers([2, 3]),
    ])
  }

  /**
   * Elements of dx whose places leave the same rest after division by the stride meet the same taps: each rest is a
   * small convolution of dy. All rests are computed as one, with so many times the channels, and then interleaved
   * (Shi et al. 2016, "sub-pixel convolution").
   */
  inputGradient(node: GraphNode): string {
    const { inputs, outputs, attributes } = node
    const { block } = this.writer
    const [errors, filter] = inputs as [string, string]
    const [n, ins, height, width] = this.values.shape(outputs[0]!) as [number, number, number, number]
    const [outs, , filterHeight, filterWidth] = this.values.shape(filter) as [number, number, number, number]
    const [, , outHeight, outWidth] = this.values.shape(errors) as [number, number, number, number]
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
      rests === 1
        ? this.values.plain(filter)
        : this.writer.add('Pad', [this.values.plain(filter), this.writer.integers(pads)])
    const split = this.writer.reshaped(whole, [outs, ins, tapsY, restsY, tapsX, restsX])
    const byRest = this.writer.add('Transpose', [split], { perm: [3, 5, 1, 0, 2, 4] })
    const shape = [rests * ins, outs, tapsY, tapsX]
    const kernel = this.filters.turned(
      this.filters.kernelInBlocks(this.writer.reshaped(byRest, shape), shape, false),
      shape,
      false,
    )
    const result = this.writer.add(`${domain}.Conv`, [this.values.blocked(errors), kernel], {
      kernel_shape: [tapsY, tapsX],
      strides: [1, 1],
      dilations: [1, 1],
      pads: [tapsY - 1, tapsX - 1, rows - outHeight, columns - outWidth],
      group: 1,
    })
    return this.writer.pixels(
      result,
      [n, rests * ins, rows, columns],
      [ins, height, width],
      (group, y, x) => {
        const [row, column] = [y + top, x + left]
        const [restY, restX] = [row % stepY, column % stepX]
        const [fromY, fromX] = [(row - restY) / stepY, (column - restX) / stepX]
        if (restY >= restsY || restX >= restsX || fromY >= rows || fromX >= columns) return null
        return [((restY * restsX + restX) * ins) / block + group, fromY, fromX]
      },
    )
  }

  /**
   * Each output's gradient goes to the first of its window's largest elements, tap by tap: what lies under a tap is
   * compared with the maximum in one convolution of a single one, and takes what the taps before it left. Taps that lie
   * whole strides apart meet the same places, shifted by an output: they are added, and the sums interleaved.
   */
  maxPoolGradient({ inputs, attributes }: GraphNode): string {
    const [image, largest, errors] = inputs as [string, string, string]
    const [n, channels, height, width] = this.values.shape(image) as Image
    const [, , outHeight, outWidth] = this.values.shape(largest) as Image
    const [filterHeight, filterWidth] = attributes.kernel_shape as [number, number]
    const [stepY, stepX] = attributes.strides as [number, number]
    const places = filterHeight * filterWidth
    const negative = this.writer.add('Neg', [this.values.blocked(largest)])
    const isLargest = (tap: number) => {
      const single = new Float32Array(channels * places)
      // [channels / block, height, width, block]
      for (let channel = 0; channel < channels; channel++) {
        const [group, lane] = [Math.floor(channel / this.writer.block), channel % this.writer.block]
        single[(group * places + tap) * this.writer.block + lane] = 1
      }
      const shape = [channels, 1, filterHeight, filterWidth]
      return this.writer.add(
        `${domain}.Conv`,
        [this.values.blocked(image), this.writer.graph.initializer(single, shape, 'float32'), '', negative],
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
    let left = this.values.blocked(errors)
    for (let tap = 0; tap < places; tap++) {
      const [row, column] = [Math.floor(tap / filterWidth), tap % filterWidth]
      const share = tap === places - 1 ? left : this.writer.add('Mul', [left, isLargest(tap)])
      left = share === left ? left : this.writer.add('Sub', [left, share])
      const remainder = (row % stepY) * stepX + (column % stepX)
      const [down, across] = [Math.floor(row / stepY), Math.floor(column / stepX)]
      const before = sums.get(remainder)
      const window = { kernel_shape: [1, 1], strides: [1, 1], dilations: [1, 1], group: channels }
      const pads = [down, across, rows - down - outHeight, columns - across - outWidth]
      const operands = [
        this.writer.reshaped(share, [n, channels, outHeight, outWidth]),
        this.writer.ones(channels),
      ]
      const sum = this.writer.add(`${domain}.Conv`, before ? [...operands, '', before] : operands, {
        ...window,
        pads,
      })
      sums.set(remainder, sum)
    }
    const remainders = upTo(stepY * stepX)
    const lines = [n, (channels / this.writer.block) * rows * columns * this.writer.block]
    const all = this.writer.add(
      'Concat',
      remainders.map((remainder) => this.writer.reshaped(sums.get(remainder)!, lines)),
      { axis: 1 },
    )
    return this.writer.pixels(
      all,
      [n, remainders.length * channels, rows, columns],
      [channels, height, width],
      (group, y, x) => [
        (((y % stepY) * stepX + (x % stepX)) * channels) / this.writer.block + group,
        Math.floor(y / stepY),
        Math.floor(x / stepX),
      ],
    )
  }

  spread(image: string, [n, channels, height, width]: Image, { attributes }: GraphNode): string {
    const [stepY, stepX] = attributes.strides as [number, number]
    const withZeros = this.writer.framed(image, [n, channels, height, width], [0, 0, 1, 0])
    return this.writer.pixels(
      withZeros,
      [n, channels, height + 1, width],
      [channels, height * stepY, width * stepX],
      (group, y, x) => (y % stepY || x % stepX ? null : [group, y / stepY, x / stepX]),
    )
  }
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
