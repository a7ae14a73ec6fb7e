import * as tf from '@tensorflow/tfjs'
import type { Parameter, Tensors } from '../layers/layer.ts'
import { oneHot } from '../one-hot.ts'
import type { Items, Reducer } from '../reducers/reducer.ts'
import type { Regulariser } from '../regularisers/regulariser.ts'
import { resolveSettings, type GivenSettings, type Settings, type SettingValues } from '../setting.ts'
import { checkedComparison, comparedItems, type Comparing } from './compared-items.ts'
import { itemCounts } from './item-counts.ts'
import type { ClassLoss, Loss, Sizes } from './loss.ts'
import type { Part } from './part.ts'

/** The parts of a loss, looked up and not yet checked against each other. */
export interface Parts {
  loss: Loss
  settings: GivenSettings
  reducer: Part<Reducer>
  regularisers: (Part<Regulariser> & { weight: number })[]
  comparing?: Comparing
}

/** What a step brings beside embeddings and labels; `needs` says which of it is asked for. */
export interface Beside {
  /** [batch, batch], uniform in [0, 1), new in every step. */
  random?: tf.Tensor2D
  /** [batch, any length]: another network's embeddings of the same photographs. */
  reference?: tf.Tensor2D
  /** [classes], of the class-weighted reducer. */
  classWeights?: tf.Tensor1D
  /** Earlier embeddings, not of this batch; they receive no gradient. Label −1 marks an empty place. */
  memory?: {
    embeddings: tf.Tensor2D // [places, length]
    labels: tf.Tensor1D // int32 [places]
    random?: tf.Tensor2D // [batch, places], uniform in [0, 1)
    /** How much the loss against the memory counts beside the batch's own; 1 unless said (Wang et al. 2020, XBM). */
    weight?: number
  }
}

/** One step's loss; every tensor is the caller's to dispose of. */
export interface LossValue {
  /** What training makes small: reduced losses and weighted penalties. */
  loss: tf.Scalar
  /** Share of items whose loss is above 0, of those selected; 0 with none. No gradient. */
  activeShare: tf.Scalar
  /** How many items were selected: pairs, triplets or samples. No gradient. */
  itemCount: tf.Scalar
  /** Single losses before reduction, one group for each term of the formula. */
  items: Items[]
  /** The penalties' share of the loss. */
  penalty: tf.Scalar
}

/** A loss ready to be computed, eagerly or while it is traced. */
export interface ComposedLoss {
  id: string
  /** What training learns beside the network; all of stage 'loss'. */
  learned: Parameter[]
  needs: { classes: boolean; random: boolean; reference: boolean; classWeights: boolean }
  /** Whether `Beside.memory` may be given, else why not. */
  memory: true | string
  /** Embeddings [batch, length], of any length; labels int32 [batch]; `learned` by name. */
  compute(embeddings: tf.Tensor2D, labels: tf.Tensor1D, learned?: Tensors, beside?: Beside): LossValue
}

/** Joins checked parts into one function. Throws where two of them do not go together. */
export function composeLoss(parts: Parts, sizes: Sizes): ComposedLoss {
  const { loss, reducer } = parts
  const settings = resolveSettings(loss.id, loss.settings, parts.settings)
  const reducerSettings = resolveSettings(reducer.described.id, reducer.described.settings, reducer.settings)
  const comparing = loss.compares === 'embeddings' ? checkedComparison(loss, parts.comparing!) : undefined
  const penalties = parts.regularisers.map(({ described, settings, weight }) => ({
    described,
    settings: resolveSettings(described.id, described.settings, settings),
    weight,
  }))
  const learned = [
    ...(loss.learned?.(sizes, settings) ?? []),
    ...(comparing?.distance.learned(sizes.embeddingLength, comparing.distanceSettings) ?? []),
  ]
  const impossible = learned.find(({ shape }) => shape.some((dimension) => !(dimension > 0)))
  if (impossible) {
    throw new Error(
      `${loss.id} learns ${impossible.name}: say how many classes there are and how long an embedding is`,
    )
  }
  const classesName = learned.find(({ name }) => name === 'loss.classes' || name === 'loss.proxies')?.name
  for (const { described } of penalties) {
    if (described.needs === 'classes' && !classesName) {
      throw new Error(`${described.id} spreads class weights; ${loss.id} learns none`)
    }
  }
  const needs = {
    classes: loss.compares === 'classes',
    random: comparing?.miner.needsRandom === true,
    reference: penalties.some(({ described }) => described.needs === 'reference'),
    classWeights: reducer.described.id === 'class-weighted',
  }

  const reduce = (items: Items[], classWeights?: tf.Tensor1D) =>
    items
      .map((group) => reducer.described.reduce(group, reducerSettings, classWeights))
      .reduce((sum, one) => sum.add(one))

  const penalise = (embeddings: tf.Tensor2D, learned: Tensors, reference?: tf.Tensor2D) =>
    penalties.reduce<tf.Scalar>((sum, { described, settings, weight }) => {
      const classes = classesName ? (learned[classesName] as tf.Tensor2D) : undefined
      const columns = classesName === 'loss.proxies' ? classes?.transpose<tf.Tensor2D>() : classes
      return sum.add(described.penalty({ embeddings, reference, classes: columns }, settings).mul(weight))
    }, tf.scalar(0))

  return {
    id: loss.id,
    learned,
    needs,
    memory: loss.compares === 'classes' ? 'it compares with classes' : (loss.noMemory ?? true),
    compute(embeddings, labels, given = {}, beside = {}) {
      const missing = learned.find(({ name }) => !given[name])
      if (missing) throw new Error(`${loss.id} needs the learned tensor ${missing.name}`)
      if (needs.reference && !beside.reference)
        throw new Error(`${loss.id}: distillation needs reference embeddings`)
      if (beside.memory && loss.compares === 'classes')
        throw new Error(`${loss.id} takes no memory: it compares with classes`)
      return tf.tidy(() => {
        const own =
          loss.compares === 'classes'
            ? classItems(loss, settings, sizes, embeddings, labels, given)
            : comparedItems(loss, settings, comparing!, {
                embeddings,
                labels,
                learned: given,
                random: beside.random,
              })
        let total = reduce(own, beside.classWeights)
        let all = own
        if (beside.memory && loss.compares === 'embeddings') {
          const { weight = 1, ...memory } = beside.memory
          const others = comparedItems(loss, settings, comparing!, {
            embeddings,
            labels,
            learned: given,
            memory,
            random: memory.random,
          })
          total = total.add(reduce(others, beside.classWeights).mul(weight)) // Wang et al. 2020 (Cross-Batch Memory)
          all = [...own, ...others]
        }
        const penalty = penalise(embeddings, given, beside.reference)
        return {
          loss: total.add<tf.Scalar>(penalty),
          penalty,
          items: all,
          ...itemCounts(all),
        } as unknown as tf.TensorContainer
      }) as unknown as LossValue
    },
  }
}

function classItems(
  loss: ClassLoss,
  settings: SettingValues<Settings>,
  { classes }: Sizes,
  embeddings: tf.Tensor2D,
  labels: tf.Tensor1D,
  learned: Tensors,
): Items[] {
  const ofClass = oneHot<tf.Tensor2D>(labels, classes)
  return loss.items(
    { embeddings, labels, oneHot: ofClass, known: ofClass.sum<tf.Tensor1D>(1), learned },
    settings,
  )
}
