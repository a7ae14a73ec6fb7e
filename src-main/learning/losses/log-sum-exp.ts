import * as tf from '@tensorflow/tfjs'
import { detached } from '../detach.ts'

/** log Σ exp(x) over the last axis, where the mask (0 or 1) is 1; 0 where the mask is empty. */
export function logSumExp(x: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  const peak = largest(x, mask, -Infinity) //                               [..., 1]
  const empty = detached([mask], (m) => tf.sub(1, m.max(-1)))
  return exponentials(x, mask, peak)
    .sum(-1)
    .add(empty)
    .log()
    .add(peak.squeeze([-1]))
}

/** log(1 + Σ exp(x)) over the last axis, where the mask (0 or 1) is 1; 0 where the mask is empty. */
export function logOnePlusSumExp(x: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  const peak = largest(x, mask, 0) //                                       [..., 1]
  const one = peak.neg().exp().squeeze([-1])
  return exponentials(x, mask, peak)
    .sum(-1)
    .add(one)
    .log()
    .add(peak.squeeze([-1]))
}

/** exp(x − peak) inside the mask, else 0; what lies outside cannot overflow. */
function exponentials(x: tf.Tensor, mask: tf.Tensor, peak: tf.Tensor): tf.Tensor {
  return x.sub(peak).mul(mask).exp().mul(mask)
}

/** The largest value inside the mask and not below `floor`, as a constant: it cancels in the gradient. 0 where there is none. */
function largest(x: tf.Tensor, mask: tf.Tensor, floor: number): tf.Tensor {
  return detached([x, mask], (values, m) => {
    const inside = tf.where(tf.zerosLike(values).add(m).greater(0), values, -1e30).max(-1, true)
    return floor === 0 ? inside.maximum(0) : tf.where(inside.greater(-1e29), inside, 0)
  })
}
