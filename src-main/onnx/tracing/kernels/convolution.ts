import * as tf from '@tensorflow/tfjs'
import type { KernelTable } from '../kernel.ts'
import type { Tracer } from '../layout.ts'
import type { TracedTensor } from '../tensor.ts'
import { activate, add, divide, multiply, scalar, subtract, unary } from './elementwise.ts'
import { reshape, transpose } from './shape.ts'

/** TensorFlow.js keeps images as [n, height, width, channels]; ONNX as [n, channels, height, width]. */
export const channelsFirst = [0, 3, 1, 2]
/** TensorFlow.js keeps filters as [height, width, in, out]; ONNX as [out, in, height, width]. */
const outputsFirst = [3, 2, 0, 1]

export type ConvolutionPlan = ReturnType<typeof tf.backend_util.computeConv2DInfo>

interface ConvolutionAttributes {
  strides: number | [number, number]
  pad: 'valid' | 'same' | number | [number, number][]
  dilations?: number | [number, number]
  dataFormat?: 'NHWC' | 'NCHW'
  dimRoundingMode?: 'floor' | 'round' | 'ceil'
}

/** Sizes and padding of a convolution, worked out by TensorFlow.js itself. */
export function planConvolution(
  xShape: number[],
  filterShape: number[],
  attributes: ConvolutionAttributes,
  depthwise = false,
): ConvolutionPlan {
  const { strides, pad, dilations = 1, dataFormat = 'NHWC', dimRoundingMode } = attributes
  if (dataFormat !== 'NHWC') throw new Error(`Convolutions are traced in NHWC, not ${dataFormat}`)
  return tf.backend_util.computeConv2DInfo(
    xShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    strides,
    dilations,
    pad as 'same',
    dimRoundingMode,
    depthwise,
    'channelsLast',
  )
}

export function padsOf({ padInfo }: Pick<ConvolutionPlan, 'padInfo'>): number[] {
  return [padInfo.top, padInfo.left, padInfo.bottom, padInfo.right]
}

function windowOf(plan: ConvolutionPlan): Record<string, number[]> {
  return {
    kernel_shape: [plan.filterHeight, plan.filterWidth],
    strides: [plan.strideHeight, plan.strideWidth],
    dilations: [plan.dilationHeight, plan.dilationWidth],
    pads: padsOf(plan),
  }
}

/** An image stored the way ONNX's convolutions and pools want it. */
export function asImage(tracer: Tracer, x: TracedTensor): TracedTensor {
  return tracer.expand(tracer.reorder(x, channelsFirst))
}

function convolve(
  tracer: Tracer,
  x: TracedTensor,
  filter: TracedTensor,
  plan: ConvolutionPlan,
): TracedTensor {
  const kernel = tracer.expand(tracer.reorder(filter, outputsFirst))
  return tracer.emit(
    'Conv',
    [asImage(tracer, x), kernel],
    { ...windowOf(plan), group: 1 },
    {
      dtype: 'float32',
      shape: plan.outShape,
      axes: channelsFirst,
    },
  )
}

/** Each channel by its own filters; [height, width, channels, multiplier] becomes [channels · multiplier, 1, h, w]. */
function convolveDepthwise(
  tracer: Tracer,
  x: TracedTensor,
  filter: TracedTensor,
  plan: ConvolutionPlan,
): TracedTensor {
  const [height, width, channels, multiplier] = filter.shape as [number, number, number, number]
  const perChannel = tracer.expand(tracer.reorder(transpose(filter, [2, 3, 0, 1]), [0, 1, 2, 3]))
  const kernel = reshape(tracer, perChannel, [channels * multiplier, 1, height, width])
  return tracer.emit(
    'Conv',
    [asImage(tracer, x), tracer.expand(tracer.reorder(kernel, [0, 1, 2, 3]))],
    { ...windowOf(plan), group: channels },
    { dtype: 'float32', shape: plan.outShape, axes: channelsFirst },
  )
}

/** (x − mean) · scale / √(variance + ε) + offset, over the last axis. */
function batchNorm(
  tracer: Tracer,
  x: TracedTensor,
  {
    mean,
    variance,
    offset,
    scale,
  }: Record<'mean' | 'variance', TracedTensor> & Record<string, TracedTensor | undefined>,
  epsilon: number,
): TracedTensor {
  const deviation = unary(tracer, 'Sqrt', add(tracer, variance, scalar(epsilon)))
  const factor = divide(tracer, scale ?? scalar(1), deviation)
  const normalised = multiply(tracer, subtract(tracer, x, mean), factor)
  return offset ? add(tracer, normalised, offset) : normalised
}

export const convolutionKernels: KernelTable = {
  Conv2D: (tracer, { x, filter }, attributes) =>
    convolve(tracer, x!, filter!, planConvolution(x!.shape, filter!.shape, attributes)),
  DepthwiseConv2dNative: (tracer, { x, filter }, attributes) =>
    convolveDepthwise(tracer, x!, filter!, planConvolution(x!.shape, filter!.shape, attributes, true)),
  FusedConv2D: (tracer, { x, filter, bias, preluActivationWeights }, attributes) => {
    const plan = planConvolution(x!.shape, filter!.shape, attributes)
    const result = convolve(tracer, x!, filter!, plan)
    const sum = bias ? add(tracer, result, bias) : result
    return activate(tracer, sum, attributes.activation, preluActivationWeights, attributes.leakyreluAlpha)
  },
  FusedDepthwiseConv2D: (tracer, { x, filter, bias, preluActivationWeights }, attributes) => {
    const plan = planConvolution(x!.shape, filter!.shape, attributes, true)
    const result = convolveDepthwise(tracer, x!, filter!, plan)
    const sum = bias ? add(tracer, result, bias) : result
    return activate(tracer, sum, attributes.activation, preluActivationWeights, attributes.leakyreluAlpha)
  },
  FusedBatchNorm: (tracer, { x, mean, variance, offset, scale }, { varianceEpsilon = 0.001 }) =>
    batchNorm(tracer, x!, { mean: mean!, variance: variance!, offset, scale }, varianceEpsilon),
  ResizeBilinear: (tracer, { images }, { size, alignCorners, halfPixelCenters }) => {
    const [height, width] = size as [number, number]
    const [n, , , channels] = images!.shape as [number, number, number, number]
    const mode = alignCorners ? 'align_corners' : halfPixelCenters ? 'half_pixel' : 'asymmetric'
    const image = asImage(tracer, images!)
    const sizes = tracer.integers([n, channels, height, width])
    return tracer.emit(
      'Resize',
      [image, '', '', sizes],
      { mode: 'linear', coordinate_transformation_mode: mode },
      { dtype: 'float32', shape: [n, height, width, channels], axes: channelsFirst },
    )
  },
}
