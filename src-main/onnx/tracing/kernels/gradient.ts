import {
  depthwiseFilterGradientOperator,
  filterGradientOperator,
  inputGradientOperator,
  maxPoolGradientOperator,
  repeatOperator,
  spreadOperator,
} from '../blocked-operators.ts'
import type { KernelTable } from '../kernel.ts'
import type { Tracer } from '../layout.ts'
import { sizeOf, uniform, upTo, type TracedTensor } from '../tensor.ts'
import { padsOf, planConvolution, type ConvolutionPlan } from './convolution.ts'
import { add, elementwise, multiply, scalar, unary, where } from './elementwise.ts'
import { matMul } from './matrix.ts'
import { planPool, type PoolPlan } from './pooling.ts'
import { reduce } from './reduction.ts'
import { concat, pad, reshape, slice, transpose } from './shape.ts'

/** The window of a convolution or of a pool: all that its gradients need to know. */
type Window = Pick<
  ConvolutionPlan,
  | 'inHeight'
  | 'inWidth'
  | 'outHeight'
  | 'outWidth'
  | 'filterHeight'
  | 'filterWidth'
  | 'strideHeight'
  | 'strideWidth'
  | 'dilationHeight'
  | 'dilationWidth'
  | 'padInfo'
>

/** [n, h, w, c] seen as [n, c, h, w]: the gradients are written in ONNX's order, where this costs nothing. */
const channelsSecond = (x: TracedTensor) => transpose(x, [0, 3, 1, 2])
const channelsLast = (x: TracedTensor) => transpose(x, [0, 2, 3, 1])

/** Every second axis reversed: a kernel turned by half a turn. */
function turned(tracer: Tracer, kernel: TracedTensor): TracedTensor {
  const [out, inputs, height, width] = kernel.shape as [number, number, number, number]
  if (height === 1 && width === 1) return kernel
  return slice(tracer, kernel, [0, 0, height - 1, width - 1], [out, inputs, height, width], [1, 1, -1, -1])
}

/**
 * dy spread over a grid of stride 1, zeros between: [n, c, h, w] → [n, c, h · stride, w · stride], cut or padded so
 * that a convolution with `padding` gives the input's size.
 */
function spread(tracer: Tracer, dy: TracedTensor, window: Window): TracedTensor {
  const { strideHeight, strideWidth } = window
  if (strideHeight === 1 && strideWidth === 1) return dy
  const [n, c, h, w] = dy.shape as [number, number, number, number]
  if (tracer.block > 0 && c % tracer.block === 0 && trailing(window).every((count) => count >= 0)) {
    // Left as it is to `blockedLayout`; the zeros behind the last element cost less than a copy without them.
    const shape = [n, c, h * strideHeight, w * strideWidth]
    const strides = [strideHeight, strideWidth]
    return tracer.emit(spreadOperator, [tracer.plain(dy)], { strides }, { dtype: 'float32', shape })
  }
  const apart = reshape(tracer, dy, [n, c, h, 1, w, 1])
  const none: [number, number] = [0, 0]
  const spaced = pad(tracer, apart, [none, none, none, [0, strideHeight - 1], none, [0, strideWidth - 1]], 0)
  const grid = reshape(tracer, spaced, [n, c, h * strideHeight, w * strideWidth])
  // Behind the last element there are only zeros: as many as are not needed are cut away.
  const [bottom, right] = trailing(window)
  const cut = [Math.max(0, -bottom), Math.max(0, -right)] as const
  if (cut[0] === 0 && cut[1] === 0) return grid
  return slice(tracer, grid, [0, 0, 0, 0], [n, c, h * strideHeight - cut[0], w * strideWidth - cut[1]])
}

/** Rows and columns of zeros that the gradient's convolution needs behind the spread dy; negative where too many. */
function trailing(window: Window): [number, number] {
  const { padInfo, strideHeight, strideWidth, outHeight, outWidth, inHeight, inWidth } = window
  return [inHeight - outHeight * strideHeight + padInfo.top, inWidth - outWidth * strideWidth + padInfo.left]
}

function reachOf(window: Window): [number, number] {
  const { filterHeight, filterWidth, dilationHeight, dilationWidth } = window
  return [(filterHeight - 1) * dilationHeight, (filterWidth - 1) * dilationWidth]
}

/** Gradient of a convolution with respect to its input: the turned kernel over dy, at stride 1. */
function convolveBack(
  tracer: Tracer,
  dy: TracedTensor, // [n, out, h, w]
  kernel: TracedTensor, // [in, out / groups, height, width], turned
  window: Window,
  groups: number,
): TracedTensor {
  const [reachY, reachX] = reachOf(window)
  const { padInfo, inHeight, inWidth, dilationHeight, dilationWidth, filterHeight, filterWidth } = window
  const grid = spread(tracer, dy, window)
  const bottom = inHeight - grid.shape[2]! + padInfo.top
  const right = inWidth - grid.shape[3]! + padInfo.left
  const pads = [reachY - padInfo.top, reachX - padInfo.left, bottom, right]
  const [n, inputs] = [dy.shape[0]!, kernel.shape[0]!]
  return tracer.emit(
    'Conv',
    [tracer.plain(grid), tracer.plain(kernel)],
    {
      kernel_shape: [filterHeight, filterWidth],
      strides: [1, 1],
      dilations: [dilationHeight, dilationWidth],
      pads,
      group: groups,
    },
    { dtype: 'float32', shape: [n, inputs, inHeight, inWidth] },
  )
}

/** At stride 2 ONNX's ConvTranspose is the faster way; it wants the kernel as it is, [out, in, height, width]. */
function convolveTransposed(
  tracer: Tracer,
  dy: TracedTensor, // [n, out, h, w]
  filter: TracedTensor, // [height, width, in, out]
  window: Window,
): TracedTensor {
  const [reachY, reachX] = reachOf(window)
  const { inHeight, inWidth, outHeight, outWidth, strideHeight, strideWidth, padInfo } = window
  const covered = [(outHeight - 1) * strideHeight + reachY + 1, (outWidth - 1) * strideWidth + reachX + 1]
  // With these pads the output has exactly the input's size; where the window never reached, it is extended.
  const pads = [
    padInfo.top,
    padInfo.left,
    Math.max(0, covered[0]! - padInfo.top - inHeight),
    Math.max(0, covered[1]! - padInfo.left - inWidth),
  ]
  const missing = [
    inHeight - (covered[0]! - pads[0]! - pads[2]!),
    inWidth - (covered[1]! - pads[1]! - pads[3]!),
  ]
  return tracer.emit(
    'ConvTranspose',
    [tracer.plain(dy), tracer.plain(transpose(filter, [3, 2, 0, 1]))],
    {
      kernel_shape: [window.filterHeight, window.filterWidth],
      strides: [strideHeight, strideWidth],
      dilations: [window.dilationHeight, window.dilationWidth],
      pads,
      output_padding: missing,
    },
    { dtype: 'float32', shape: [dy.shape[0]!, filter.shape[2]!, inHeight, inWidth] },
  )
}

/** The input under each tap of the window: for tap (row, column) the elements that it meets, as many as outputs. */
function underTap(
  tracer: Tracer,
  padded: TracedTensor,
  window: Window,
  row: number,
  column: number,
): TracedTensor {
  const { outHeight, outWidth, strideHeight, strideWidth, dilationHeight, dilationWidth } = window
  const [n, c] = padded.shape as [number, number]
  return slice(
    tracer,
    padded,
    [0, 0, row * dilationHeight, column * dilationWidth],
    [n, c, outHeight, outWidth],
    [1, 1, strideHeight, strideWidth],
  )
}

function padded(tracer: Tracer, x: TracedTensor, { padInfo }: Window, value = 0): TracedTensor {
  const { top, left, bottom, right } = padInfo
  return pad(
    tracer,
    x,
    [
      [0, 0],
      [0, 0],
      [top, bottom],
      [left, right],
    ],
    value,
  )
}

function taps({ filterHeight, filterWidth }: Window): [number, number][] {
  return upTo(filterHeight).flatMap((row) =>
    upTo(filterWidth).map((column): [number, number] => [row, column]),
  )
}

/** Places of a map up to which its filter's gradient is faster as whole products; measured on two x86-64 cores. */
const smallMap = 14 * 14

/**
 * Gradient of a convolution with respect to its filter, [height, width, in, out], tap by tap. Two ways of the same
 * sum: on large maps a batch of products dy · xᵀ as the maps are stored, on small or strided ones a single product
 * over batch and places, which first brings both maps into the order [place, channel].
 */
function filterGradient(
  tracer: Tracer,
  x: TracedTensor,
  dy: TracedTensor,
  plan: ConvolutionPlan,
): TracedTensor {
  if (suitsBlocks(tracer, x, dy, plan)) return filterGradientInBlocks(tracer, x, dy, plan)
  const isLarge = plan.outHeight * plan.outWidth > smallMap && plan.strideHeight === 1
  const isSingleTap = plan.filterHeight * plan.filterWidth === 1
  return isLarge || isSingleTap
    ? filterGradientByImage(tracer, x, dy, plan)
    : filterGradientByPlace(tracer, x, dy, plan)
}

/** Whether batch and channels come in whole blocks. A single tap is a product of matrices, nothing more. */
function suitsBlocks({ block }: Tracer, x: TracedTensor, dy: TracedTensor, plan: ConvolutionPlan): boolean {
  if (block === 0 || plan.filterHeight * plan.filterWidth === 1) return false
  if (plan.dilationHeight > 1 || plan.dilationWidth > 1) return false
  const [n, inputs, outputs] = [x.shape[0]!, x.shape[3]!, dy.shape[3]!]
  return n % block === 0 && outputs % block === 0 && (inputs % block === 0 || inputs < 4)
}

/** Left as it is to `blockedLayout`. */
function filterGradientInBlocks(
  tracer: Tracer,
  x: TracedTensor,
  dy: TracedTensor,
  plan: ConvolutionPlan,
): TracedTensor {
  const [inputs, outputs] = [x.shape[3]!, dy.shape[3]!]
  const { filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = plan
  const image = inputs < 4 ? tracer.plain(x) : tracer.plain(channelsSecond(x))
  const result = tracer.emit(
    filterGradientOperator,
    [image, tracer.plain(channelsSecond(dy))],
    { strides: [strideHeight, strideWidth], pads: [padInfo.top, padInfo.left] },
    { dtype: 'float32', shape: [outputs, inputs, filterHeight, filterWidth] },
  )
  return transpose(result, [2, 3, 1, 0])
}

function filterGradientByPlace(
  tracer: Tracer,
  x: TracedTensor,
  dy: TracedTensor,
  plan: ConvolutionPlan,
): TracedTensor {
  const { outHeight, outWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padInfo } = plan
  const [n, inputs, outputs] = [x.shape[0]!, x.shape[3]!, dy.shape[3]!]
  const places = n * outHeight * outWidth
  const { top, left, bottom, right } = padInfo
  const image = pad(
    tracer,
    tracer.plain(x),
    [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ],
    0,
  )
  const errors = reshape(tracer, tracer.plain(dy), [places, outputs])
  const perTap = taps(plan).map(([row, column]) => {
    const begin = [0, row * dilationHeight, column * dilationWidth, 0]
    const met = slice(
      tracer,
      image,
      begin,
      [n, outHeight, outWidth, inputs],
      [1, strideHeight, strideWidth, 1],
    )
    const product = matMul(tracer, errors, reshape(tracer, met, [places, inputs]), true) // [out, in]
    return reshape(tracer, product, [outputs, inputs, 1])
  })
  const kernel = [outputs, inputs, plan.filterHeight, plan.filterWidth]
  return transpose(reshape(tracer, concat(tracer, perTap, 2), kernel), [2, 3, 1, 0])
}

function filterGradientByImage(
  tracer: Tracer,
  x: TracedTensor,
  dy: TracedTensor,
  plan: ConvolutionPlan,
): TracedTensor {
  const [n, inputs] = [x.shape[0]!, x.shape[3]!]
  const outputs = dy.shape[3]!
  const places = plan.outHeight * plan.outWidth
  const image = padded(tracer, tracer.plain(channelsSecond(x)), plan)
  const errors = reshape(tracer, tracer.plain(channelsSecond(dy)), [n, outputs, places])
  const perTap = taps(plan).map(([row, column]) => {
    const met = reshape(tracer, underTap(tracer, image, plan, row, column), [n, inputs, places])
    const product = matMul(tracer, errors, met, false, true) // [n, out, in]
    return reshape(tracer, reduce(tracer, 'ReduceSum', product, [0]), [outputs, inputs, 1])
  })
  const joined = concat(tracer, perTap, 2) // [out, in, taps]
  const kernel = reshape(tracer, joined, [outputs, inputs, plan.filterHeight, plan.filterWidth])
  return transpose(kernel, [2, 3, 1, 0])
}

/** The same for a depthwise convolution, [height, width, channels, multiplier]: per channel a sum of products. */
function depthwiseFilterGradient(
  tracer: Tracer,
  x: TracedTensor,
  dy: TracedTensor,
  plan: ConvolutionPlan,
): TracedTensor {
  const [n, channels] = [x.shape[0]!, x.shape[3]!]
  const multiplier = dy.shape[3]! / channels
  if (
    tracer.block > 0 &&
    channels % tracer.block === 0 &&
    multiplier === 1 &&
    plan.dilationHeight * plan.dilationWidth === 1
  ) {
    const { filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = plan
    const result = tracer.emit(
      depthwiseFilterGradientOperator,
      [tracer.plain(channelsSecond(x)), tracer.plain(channelsSecond(dy))],
      { strides: [strideHeight, strideWidth], pads: [padInfo.top, padInfo.left] },
      { dtype: 'float32', shape: [channels, 1, filterHeight, filterWidth] },
    )
    return transpose(result, [2, 3, 0, 1])
  }
  const image = padded(tracer, tracer.plain(channelsSecond(x)), plan)
  const { outHeight, outWidth } = plan
  const split = (tensor: TracedTensor, each: number) =>
    reshape(tracer, tensor, [n, channels, each, outHeight, outWidth])
  const errors = split(tracer.plain(channelsSecond(dy)), multiplier)
  const perTap = taps(plan).map(([row, column]) => {
    const met = split(underTap(tracer, image, plan, row, column), 1)
    const sum = reduce(tracer, 'ReduceSum', multiply(tracer, met, errors), [0, 3, 4]) // [channels, multiplier]
    return reshape(tracer, sum, [channels, multiplier, 1])
  })
  const kernel = reshape(tracer, concat(tracer, perTap, 2), [
    channels,
    multiplier,
    plan.filterHeight,
    plan.filterWidth,
  ])
  return transpose(kernel, [2, 3, 0, 1])
}

/** Where nothing overlaps and nothing is padded, every input lies under one output only. */
function isTiling(plan: Window): boolean {
  const { padInfo, strideHeight, strideWidth, filterHeight, filterWidth } = plan
  const unpadded = padInfo.top + padInfo.left + padInfo.bottom + padInfo.right === 0
  return unpadded && strideHeight === filterHeight && strideWidth === filterWidth
}

/** Every output's gradient repeated over its window; the rest of the input gets zeros. For windows that do not overlap. */
function overWindow(tracer: Tracer, dy: TracedTensor, plan: Window): TracedTensor {
  const [n, c, h, w] = dy.shape as [number, number, number, number]
  const { filterHeight, filterWidth, inHeight, inWidth } = plan
  const image = repeated(tracer, dy, [n, c, h, w], filterHeight, filterWidth)
  return pad(
    tracer,
    image,
    [
      [0, 0],
      [0, 0],
      [0, inHeight - h * filterHeight],
      [0, inWidth - w * filterWidth],
    ],
    0,
  )
}

function repeated(
  tracer: Tracer,
  dy: TracedTensor,
  [n, c, h, w]: [number, number, number, number],
  down: number,
  across: number,
): TracedTensor {
  const shape = [n, c, h * down, w * across]
  if (tracer.block > 0 && c % tracer.block === 0) {
    const scales = [1, 1, down, across]
    return tracer.emit(repeatOperator, [tracer.plain(dy)], { scales }, { dtype: 'float32', shape })
  }
  const apart = reshape(tracer, dy, [n, c, h, 1, w, 1])
  return reshape(tracer, tracer.expand({ ...apart, shape: [n, c, h, down, w, across] }), shape)
}

/** Each output divides its gradient among the inputs it averaged: those of its window that lie inside the image. */
function averagePoolGradient(tracer: Tracer, dy: TracedTensor, plan: PoolPlan): TracedTensor {
  const channels = dy.shape[3]!
  const share = multiply(tracer, tracer.plain(channelsSecond(dy)), shares(plan))
  if (isTiling(plan)) return channelsLast(overWindow(tracer, share, plan))
  const ones = uniform(1, [channels, 1, plan.filterHeight, plan.filterWidth])
  return channelsLast(convolveBack(tracer, share, ones, plan, channels))
}

/** 1 / (how many elements of the window lie inside the image), for each place of the output: [1, 1, h, w]. */
function shares(plan: PoolPlan): TracedTensor {
  const count = (size: number, out: number, stride: number, filter: number, before: number) => {
    const first = Math.max(0, out * stride - before)
    return Math.min(size, out * stride - before + filter) - first
  }
  const values = new Float32Array(plan.outHeight * plan.outWidth)
  for (let y = 0; y < plan.outHeight; y++) {
    const rows = count(plan.inHeight, y, plan.strideHeight, plan.filterHeight, plan.padInfo.top)
    for (let x = 0; x < plan.outWidth; x++) {
      const columns = count(plan.inWidth, x, plan.strideWidth, plan.filterWidth, plan.padInfo.left)
      values[y * plan.outWidth + x] = 1 / (rows * columns)
    }
  }
  const same = values.every((value) => value === values[0])
  const shape = [1, 1, plan.outHeight, plan.outWidth]
  if (same) return uniform(values[0]!, shape)
  return { dtype: 'float32', shape, axes: upTo(4), stored: shape, source: { constant: values } }
}

/**
 * Each output's gradient goes to the first of its window's largest elements, as in TensorFlow.js: tap by tap, what
 * equals the maximum and was not met before. (ONNX's MaxPool could tell the place, but not on the WebGPU provider.)
 */
function maxPoolGradient(
  tracer: Tracer,
  dy: TracedTensor,
  x: TracedTensor,
  y: TracedTensor,
  plan: PoolPlan,
): TracedTensor {
  const image = padded(tracer, tracer.plain(channelsSecond(x)), plan, lowest)
  const largest = tracer.plain(channelsSecond(y))
  const errors = tracer.plain(channelsSecond(dy))
  let free: TracedTensor | null = null // where no tap has met the maximum yet
  const perTap = taps(plan).map(([row, column]) => {
    const isLargest = elementwise(
      tracer,
      'Equal',
      [underTap(tracer, image, plan, row, column), largest],
      'bool',
    )
    const isFirst: TracedTensor = free ? elementwise(tracer, 'And', [isLargest, free], 'bool') : isLargest
    const others = unary(tracer, 'Not', isLargest)
    free = free ? elementwise(tracer, 'And', [free, others], 'bool') : others
    return { row, column, share: where(tracer, isFirst, errors, scalar(0)) }
  })
  return channelsLast(gatherTaps(tracer, perTap, plan))
}

/** The same by the places that ONNX Runtime's CPU pool gives beside the maxima; added up, since windows overlap. */
function maxPoolGradientByPlace(
  tracer: Tracer,
  dy: TracedTensor,
  x: TracedTensor,
  plan: PoolPlan,
): TracedTensor {
  const image = tracer.plain(channelsSecond(x))
  const errors = tracer.plain(channelsSecond(dy))
  const [count, total] = [sizeOf(errors.shape), sizeOf(image.shape)]
  const window = {
    kernel_shape: [plan.filterHeight, plan.filterWidth],
    strides: [plan.strideHeight, plan.strideWidth],
    pads: padsOf(plan),
  }
  const [, places] = tracer.graph.add('MaxPool', [tracer.nameOf(image)], window, 2)
  const flat = tracer.graph.add('Reshape', [places!, tracer.integers([count])])[0]!
  const zeros = tracer.graph.add('ConstantOfShape', [tracer.integers([total])])[0]!
  const sum = tracer.emit(
    'ScatterElements',
    [zeros, flat, reshape(tracer, errors, [count])],
    { axis: 0, reduction: 'add' },
    { dtype: 'float32', shape: [total] },
  )
  return channelsLast(reshape(tracer, sum, image.shape))
}

/** Whether channels come in whole blocks and every window lies inside the image and touches the next. */
function poolSuitsBlocks({ block }: Tracer, x: TracedTensor, plan: PoolPlan): boolean {
  const { padInfo, filterHeight, filterWidth, strideHeight, strideWidth } = plan
  if (block === 0 || x.shape[3]! % block || plan.dilationHeight * plan.dilationWidth > 1) return false
  const isInside = padInfo.top + padInfo.left + padInfo.bottom + padInfo.right === 0
  return isInside && filterHeight >= strideHeight && filterWidth >= strideWidth
}

/** Left as it is to `blockedLayout`. */
function maxPoolGradientInBlocks(
  tracer: Tracer,
  dy: TracedTensor,
  x: TracedTensor,
  y: TracedTensor,
  plan: PoolPlan,
): TracedTensor {
  const [image, largest, errors] = [x, y, dy].map((each) => tracer.plain(channelsSecond(each)))
  const window = {
    kernel_shape: [plan.filterHeight, plan.filterWidth],
    strides: [plan.strideHeight, plan.strideWidth],
  }
  const result = { dtype: 'float32' as const, shape: image!.shape }
  return channelsLast(tracer.emit(maxPoolGradientOperator, [image!, largest!, errors!], window, result))
}

const lowest = -3.4028234663852886e38 // the least float32

/**
 * What each tap sends back, added up in the input's places. Taps that lie a whole stride apart meet the same places,
 * shifted by one output: they are added; taps of different remainder meet different places: they are interleaved.
 */
function gatherTaps(
  tracer: Tracer,
  perTap: { row: number; column: number; share: TracedTensor }[],
  plan: PoolPlan,
): TracedTensor {
  const { strideHeight, strideWidth, filterHeight, filterWidth, padInfo, inHeight, inWidth } = plan
  const [n, c, h, w] = perTap[0]!.share.shape as [number, number, number, number]
  const [below, right] = [
    Math.ceil(filterHeight / strideHeight) - 1,
    Math.ceil(filterWidth / strideWidth) - 1,
  ]
  const [planeHeight, planeWidth] = [h + below, w + right]
  const plane = (rowRest: number, columnRest: number): TracedTensor => {
    const sum = perTap
      .filter(({ row, column }) => row % strideHeight === rowRest && column % strideWidth === columnRest)
      .map(({ row, column, share }) => {
        const [down, across] = [Math.floor(row / strideHeight), Math.floor(column / strideWidth)]
        return pad(
          tracer,
          share,
          [
            [0, 0],
            [0, 0],
            [down, below - down],
            [across, right - across],
          ],
          0,
        )
      })
      .reduce((a, b) => add(tracer, a, b), uniform(0, [n, c, planeHeight, planeWidth]))
    return reshape(tracer, sum, [n, c, planeHeight, 1, planeWidth, 1])
  }
  const rows = upTo(strideHeight).map((rowRest) =>
    concat(
      tracer,
      upTo(strideWidth).map((columnRest) => plane(rowRest, columnRest)),
      5,
    ),
  )
  const grid = reshape(tracer, concat(tracer, rows, 3), [
    n,
    c,
    planeHeight * strideHeight,
    planeWidth * strideWidth,
  ])
  const missing = [padInfo.top + inHeight - grid.shape[2]!, padInfo.left + inWidth - grid.shape[3]!]
  const filled = pad(
    tracer,
    grid,
    [
      [0, 0],
      [0, 0],
      [0, Math.max(0, missing[0]!)],
      [0, Math.max(0, missing[1]!)],
    ],
    0,
  )
  return slice(tracer, filled, [0, 0, padInfo.top, padInfo.left], [n, c, inHeight, inWidth])
}

export const gradientKernels: KernelTable = {
  Conv2DBackpropInput: (tracer, { dy, filter }, attributes) => {
    const plan = planConvolution(attributes.inputShape, filter!.shape, attributes)
    const errors = channelsSecond(dy!)
    const [inputs, outputs] = [filter!.shape[2]!, filter!.shape[3]!]
    const inBlocks = tracer.block > 0 && inputs % tracer.block === 0 && outputs % tracer.block === 0
    if (
      inBlocks &&
      plan.strideHeight * plan.strideWidth > 1 &&
      plan.dilationHeight * plan.dilationWidth === 1
    ) {
      const { strideHeight, strideWidth, padInfo, inHeight, inWidth } = plan
      const result = tracer.emit(
        inputGradientOperator,
        [tracer.plain(errors), tracer.plain(transpose(filter!, [3, 2, 0, 1]))],
        { strides: [strideHeight, strideWidth], pads: [padInfo.top, padInfo.left] },
        { dtype: 'float32', shape: [dy!.shape[0]!, inputs, inHeight, inWidth] },
      )
      return channelsLast(result)
    }
    if (plan.strideHeight > 1 || plan.strideWidth > 1) {
      return channelsLast(convolveTransposed(tracer, errors, filter!, plan))
    }
    return channelsLast(
      convolveBack(tracer, errors, turned(tracer, transpose(filter!, [2, 3, 0, 1])), plan, 1),
    )
  },
  Conv2DBackpropFilter: (tracer, { x, dy }, attributes) =>
    filterGradient(tracer, x!, dy!, planConvolution(x!.shape, attributes.filterShape, attributes)),
  DepthwiseConv2dNativeBackpropInput: (tracer, { dy, filter }, attributes) => {
    const plan = planConvolution(attributes.inputShape, filter!.shape, attributes, true)
    const channels = filter!.shape[2]!
    const kernel = turned(tracer, transpose(filter!, [2, 3, 0, 1])) // [channels, multiplier, height, width]
    return channelsLast(convolveBack(tracer, channelsSecond(dy!), kernel, plan, channels))
  },
  DepthwiseConv2dNativeBackpropFilter: (tracer, { x, dy }, attributes) =>
    depthwiseFilterGradient(
      tracer,
      x!,
      dy!,
      planConvolution(x!.shape, attributes.filterShape, attributes, true),
    ),
  MaxPoolGrad: (tracer, { dy, input, output }, attributes) => {
    const plan = planPool(input!.shape, attributes)
    if (poolSuitsBlocks(tracer, input!, plan))
      return maxPoolGradientInBlocks(tracer, dy!, input!, output!, plan)
    return tracer.block > 0
      ? maxPoolGradientByPlace(tracer, dy!, input!, plan)
      : maxPoolGradient(tracer, dy!, input!, output!, plan)
  },
  AvgPoolGrad: (tracer, { dy, input }, attributes) =>
    averagePoolGradient(tracer, dy!, planPool(input!.shape, attributes)),
}
