import * as tf from '@tensorflow/tfjs'
import { detached } from '../detach.ts'
import { active } from '../reducers/mean.ts'
import type { Items } from '../reducers/reducer.ts'

/**
 * How many items were selected, and the share of them whose loss is above 0; neither has a gradient. Only terms that
 * belong to samples count; a formula with one number for the whole batch counts as one item.
 */
export function itemCounts(groups: Items[]): { activeShare: tf.Scalar; itemCount: tf.Scalar } {
  const ofSamples = groups.filter(({ labels }) => labels !== null)
  const counted = ofSamples.length > 0 ? ofSamples : groups
  const total = (count: (group: Items) => tf.Tensor) => counted.map(count).reduce((sum, one) => sum.add(one))
  const itemCount = total(({ losses, weights }) =>
    detached([losses, weights], (l, w) => tf.zerosLike(l).add(w).sum()),
  ) as tf.Scalar
  const activeCount = total((group) => detached([active(group)], (a) => a.sum()))
  return {
    activeShare: detached([activeCount, itemCount], (a, n) => a.div(n.maximum(1e-12))),
    itemCount,
  }
}
