import type { Tracer } from '../../layout.ts'
import { upTo, type TracedTensor } from '../../tensor.ts'
import type { ConvolutionPlan } from '../convolution.ts'
import { pad, slice, transpose } from '../shape.ts'

/** The window of a convolution or of a pool: all that its gradients need to know. */
export type Window = Pick<
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
export const channelsSecond = (x: TracedTensor) => transpose(x, [0, 3, 1, 2])
export const channelsLast = (x: TracedTensor) => transpose(x, [0, 2, 3, 1])

/** Row and column of each element of the window. */
export function taps({ filterHeight, filterWidth }: Window): [number, number][] {
  return upTo(filterHeight).flatMap((row) =>
    upTo(filterWidth).map((column): [number, number] => [row, column]),
  )
}

/** The image [n, c, h, w] with what its window meets around it. */
export function padded(tracer: Tracer, x: TracedTensor, { padInfo }: Window, value = 0): TracedTensor {
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

/** The input under each tap of the window: for tap (row, column) the elements that it meets, as many as outputs. */
export function underTap(
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
