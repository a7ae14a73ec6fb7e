import { inputGradientOperator, spreadOperator } from '../../blocked/operators.ts'
import type { KernelTable } from '../../kernel.ts'
import type { Tracer } from '../../layout.ts'
import type { TracedTensor } from '../../tensor.ts'
import { planConvolution } from '../convolution.ts'
import { pad, reshape, slice, transpose } from '../shape.ts'
import { channelsLast, channelsSecond, type Window } from './window.ts'

/** Gradients of convolutions with respect to their input. */
export const convolutionInputGradients: KernelTable = {
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
  DepthwiseConv2dNativeBackpropInput: (tracer, { dy, filter }, attributes) => {
    const plan = planConvolution(attributes.inputShape, filter!.shape, attributes, true)
    const channels = filter!.shape[2]!
    const kernel = turned(tracer, transpose(filter!, [2, 3, 0, 1])) // [channels, multiplier, height, width]
    return channelsLast(convolveBack(tracer, channelsSecond(dy!), kernel, plan, channels))
  },
}

/** Gradient of a convolution with respect to its input: the turned kernel over dy, at stride 1. */
export function convolveBack(
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

/** Every second axis reversed: a kernel turned by half a turn. */
function turned(tracer: Tracer, kernel: TracedTensor): TracedTensor {
  const [out, inputs, height, width] = kernel.shape as [number, number, number, number]
  if (height === 1 && width === 1) return kernel
  return slice(tracer, kernel, [0, 0, height - 1, width - 1], [out, inputs, height, width], [1, 1, -1, -1])
}
