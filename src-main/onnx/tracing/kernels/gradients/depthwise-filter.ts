import { depthwiseFilterGradientOperator } from '../../blocked/operators.ts'
import type { KernelTable } from '../../kernel.ts'
import type { Tracer } from '../../layout.ts'
import type { TracedTensor } from '../../tensor.ts'
import { planConvolution, type ConvolutionPlan } from '../convolution.ts'
import { multiply } from '../elementwise.ts'
import { reduce } from '../reduction.ts'
import { concat, reshape, transpose } from '../shape.ts'
import { channelsSecond, padded, taps, underTap } from './window.ts'

/** Gradients of depthwise convolutions with respect to their filter. */
export const depthwiseFilterGradients: KernelTable = {
  DepthwiseConv2dNativeBackpropFilter: (tracer, { x, dy }, attributes) =>
    depthwiseFilterGradient(
      tracer,
      x!,
      dy!,
      planConvolution(x!.shape, attributes.filterShape, attributes, true),
    ),
}

/** [height, width, channels, multiplier]: tap by tap, per channel a sum of products. */
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
