/** ONNX Runtime's own name for the kernels that work on blocks of channels. */
export const domain = 'com.microsoft.nchwc'

/**
 * An operator of our own, gone when the graph is lowered: (x, dy) → gradient of a convolution's filter, [out, in, height,
 * width]. x is [n, in, h, w], or [n, h, w, in] where it has fewer than four channels; dy is [n, out, h, w].
 */
export const filterGradientOperator = 'semblance.FilterGradient'

/** The same of a depthwise convolution: (x, dy) → [channels, 1, height, width]. */
export const depthwiseFilterGradientOperator = 'semblance.DepthwiseFilterGradient'

/** Likewise our own: an image [n, c, h, w] with zeros between its elements, [n, c, h · stride, w · stride]. */
export const spreadOperator = 'semblance.Spread'

/** Likewise: every element of an image `scales` times along each axis. */
export const repeatOperator = 'semblance.Repeat'

/** Likewise: (x, y, dy) → gradient of a maximum pool whose windows lie inside the image, [n, c, h, w]. */
export const maxPoolGradientOperator = 'semblance.MaxPoolGradient'

/** Likewise: (dy, filter [out, in, height, width]) → gradient of a convolution with strides for its input, [n, in, h, w]. */
export const inputGradientOperator = 'semblance.InputGradient'
