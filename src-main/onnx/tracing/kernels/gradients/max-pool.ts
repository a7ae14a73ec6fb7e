import { maxPoolGradientOperator } from '../../blocked/operators.ts'
import type { KernelTable } from '../../kernel.ts'
import type { Tracer } from '../../layout.ts'
import { sizeOf, uniform, upTo, type TracedTensor } from '../../tensor.ts'
import { padsOf } from '../convolution.ts'
import { add, elementwise, scalar, unary, where } from '../elementwise.ts'
import { planPool, type PoolPlan } from '../pooling.ts'
import { concat, pad, reshape, slice } from '../shape.ts'
import { channelsLast, channelsSecond, padded, taps, underTap } from './window.ts'

/** Gradients of maximum pools. */
export const maxPoolGradients: KernelTable = {
  MaxPoolGrad: (tracer, { dy, input, output }, attributes) => {
    const plan = planPool(input!.shape, attributes)
    if (poolSuitsBlocks(tracer, input!, plan))
      return maxPoolGradientInBlocks(tracer, dy!, input!, output!, plan)
    return tracer.block > 0
      ? maxPoolGradientByPlace(tracer, dy!, input!, plan)
      : maxPoolGradient(tracer, dy!, input!, output!, plan)
  },
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

/** The maximum pool’s gradient by the places that ONNX Runtime's CPU pool gives beside the maxima; added up, since windows overlap. */
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
