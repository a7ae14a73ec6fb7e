import * as tf from '@tensorflow/tfjs'
import type { KernelTable, KernelTrace } from '../kernel.ts'
import type { TracedTensor } from '../tensor.ts'
import { asImage, channelsFirst, padsOf } from './convolution.ts'

export type PoolPlan = ReturnType<typeof tf.backend_util.computePool2DInfo>

export function planPool(
  shape: number[],
  attributes: {
    filterSize: number | [number, number]
    strides: number | [number, number]
    pad: 'valid' | 'same' | number
    dimRoundingMode?: 'floor' | 'round' | 'ceil'
  },
): PoolPlan {
  const { filterSize, strides, pad, dimRoundingMode } = attributes
  return tf.backend_util.computePool2DInfo(
    shape as [number, number, number, number],
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  )
}

/** A window of one element changes nothing but, with a stride, the size; ONNX's pools handle that too. */
function pool(operator: string): KernelTrace {
  return (tracer, { x }, attributes): TracedTensor => {
    const plan = planPool(x!.shape, attributes)
    const window = {
      kernel_shape: [plan.filterHeight, plan.filterWidth],
      strides: [plan.strideHeight, plan.strideWidth],
      pads: padsOf(plan),
    }
    return tracer.emit(operator, [asImage(tracer, x!)], window, {
      dtype: 'float32',
      shape: plan.outShape,
      axes: channelsFirst,
    })
  }
}

export const poolingKernels: KernelTable = {
  MaxPool: pool('MaxPool'),
  AvgPool: pool('AveragePool'), // like TensorFlow.js, counts only what lies inside the image
}
