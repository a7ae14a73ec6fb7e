import * as tf from '@tensorflow/tfjs'
import type { Tensors } from '../layers/layer.ts'
import type { ComposedLoss, LossValue } from './composed-loss.ts'
import { itemCounts } from './item-counts.ts'

/** The sum of several losses, each with its weight; what they learn is told apart by the loss's name before it. */
export function addLosses(terms: readonly { weight: number; loss: ComposedLoss }[]): ComposedLoss {
  const own = (id: string, learned: Tensors) =>
    Object.fromEntries(
      Object.entries(learned)
        .filter(([name]) => name.startsWith(`${id}.`))
        .map(([name, tensor]) => [name.slice(id.length + 1), tensor]),
    )
  const ids = terms.map(({ loss }) => loss.id)
  const twice = ids.find((id, i) => ids.indexOf(id) !== i)
  if (twice) throw new Error(`${twice} is added to itself: give it another weight instead`)
  const some = (need: keyof ComposedLoss['needs']) => terms.some(({ loss }) => loss.needs[need])
  return {
    id: ids.join('+'),
    learned: terms.flatMap(({ loss }) =>
      loss.learned.map((one) => ({ ...one, name: `${loss.id}.${one.name}` })),
    ),
    needs: {
      classes: some('classes'),
      random: some('random'),
      reference: some('reference'),
      classWeights: some('classWeights'),
    },
    memory: terms.map(({ loss }) => loss.memory).find((memory) => memory !== true) ?? true,
    compute(embeddings, labels, learned = {}, beside = {}) {
      return tf.tidy(() => {
        const each = terms.map(({ weight, loss }) => ({
          weight,
          value: loss.compute(embeddings, labels, own(loss.id, learned), beside),
        }))
        const added = (which: 'loss' | 'penalty') =>
          each
            .map(({ weight, value }) => value[which].mul<tf.Scalar>(weight))
            .reduce((sum, one) => sum.add(one))
        const items = each.flatMap(({ value }) => value.items)
        return {
          loss: added('loss'),
          penalty: added('penalty'),
          items,
          ...itemCounts(items),
        } as unknown as tf.TensorContainer
      }) as unknown as LossValue
    },
  }
}
