import * as tf from '@tensorflow/tfjs'

/**
 * A function of tensors that the gradient does not see: its value is `compute(...inputs)`, its gradient zero.
 *
 * Masks made from embeddings need it. TensorFlow.js has no stop-gradient, and its comparisons, arg-min and top-k
 * have no gradient at all: on the path from parameters to loss they would throw. Inside, nothing is recorded.
 */
export function detached<T extends tf.Tensor>(
  inputs: tf.Tensor[],
  compute: (...inputs: tf.Tensor[]) => tf.Tensor,
): T {
  const constant = tf.customGrad((...received) => {
    const tensors = received.slice(0, inputs.length) as tf.Tensor[] // the last one received is `save`
    return {
      value: compute(...tensors),
      // by shape: the inputs themselves may be disposed of by the time the gradient is asked for
      gradFunc: () => inputs.map(({ shape }) => tf.zeros(shape)),
    }
  })
  return constant(...inputs) as T
}

/** The same values, as a constant. */
export function detach<T extends tf.Tensor>(tensor: T): T {
  return detached<T>([tensor], (x) => x.clone())
}
