import { filterGradientOperator } from '../../blocked/operators.ts'
import type { KernelTable } from '../../kernel.ts'
import type { Tracer } from '../../layout.ts'
import type { TracedTensor } from '../../tensor.ts'
import { planConvolution, type ConvolutionPlan } from '../convolution.ts'
import { matMul } from '../matrix.ts'
import { reduce } from '../reduction.ts'
import { concat, pad, reshape, slice, transpose } from '../shape.ts'
import { channelsSecond, padded, taps, underTap } from './window.ts'

/** Gradients of convolutions with respect to their filter. */
export const convolutionFilterGradients: KernelTable = {
  Conv2DBackpropFilter: (tracer, { x, dy }, attributes) =>
    filterGradient(tracer, x!, dy!, planConvolution(x!.shape, attributes.filterShape, attributes)),
}

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

/** Places of a map up to which its filter's gradient is faster as whole products; measured on two x86-64 cores. */
const smallMap = 14 * 14

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
