import { repeatOperator } from '../../blocked/operators.ts'
import type { KernelTable } from '../../kernel.ts'
import type { Tracer } from '../../layout.ts'
import { uniform, upTo, type TracedTensor } from '../../tensor.ts'
import { multiply } from '../elementwise.ts'
import { planPool, type PoolPlan } from '../pooling.ts'
import { pad, reshape } from '../shape.ts'
import { convolveBack } from './convolution-input.ts'
import { channelsLast, channelsSecond, type Window } from './window.ts'

/** Gradients of average pools. */
export const averagePoolGradients: KernelTable = {
  AvgPoolGrad: (tracer, { dy, input }, attributes) =>
    averagePoolGradient(tracer, dy!, planPool(input!.shape, attributes)),
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
