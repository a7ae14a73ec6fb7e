import * as tf from '@tensorflow/tfjs'
import { detached } from '../detach.ts'
import type { Distance } from '../distances/distance.ts'
import { unitLength } from '../distances/unit-length.ts'
import type { Parameter, Tensors } from '../layers/layer.ts'
import { mine, type Mined, type Miner } from '../miners/miner.ts'
import { labelPairs } from '../miners/pairs.ts'
import { oneHot } from '../one-hot.ts'
import { active } from '../reducers/mean.ts'
import type { Items, Reducer } from '../reducers/reducer.ts'
import type { Regulariser } from '../regularisers/regulariser.ts'
import { resolveSettings, type GivenSettings, type Settings, type SettingValues } from '../setting.ts'
import type { ClassLoss, EmbeddingLoss, Loss, Sizes } from './loss.ts'

/** One part of the catalogue by name, with settings that differ from its defaults. */
export interface Choice {
  id: string
  settings?: GivenSettings
}

interface Part<Kind> {
  described: Kind
  settings: GivenSettings
}

/** The parts of a loss, looked up and not yet checked against each other. */
export interface Parts {
  loss: Loss
  settings: GivenSettings
  reducer: Part<Reducer>
  regularisers: (Part<Regulariser> & { weight: number })[]
  comparing?: {
    distance: Part<Distance>
    unitLength: boolean | undefined
    miner: Part<Miner>
    /** The miner's own distance, where it is defined on one. */
    minerDistance: Part<Distance> | undefined
    /** Whether the miner was chosen, or is the loss's default. */
    minerAsked: boolean
  }
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
  const settings = values(loss.id, loss.settings, parts.settings)
  const reducerSettings = values(reducer.described.id, reducer.described.settings, reducer.settings)
  const comparing = loss.compares === 'embeddings' ? checkedComparison(loss, parts) : undefined
  const penalties = parts.regularisers.map(({ described, settings, weight }) => ({
    described,
    settings: values(described.id, described.settings, settings),
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
          total = total.add(reduce(others, beside.classWeights).mul(weight)) // Wang et al. 2020, eq. 5
          all = [...own, ...others]
        }
        const penalty = penalise(embeddings, given, beside.reference)
        return {
          loss: total.add<tf.Scalar>(penalty),
          penalty,
          items: all,
          ...health(all),
        } as unknown as tf.TensorContainer
      }) as unknown as LossValue
    },
  }
}

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
          ...health(items),
        } as unknown as tf.TensorContainer
      }) as unknown as LossValue
    },
  }
}

interface CheckedComparison {
  distance: Distance
  distanceSettings: SettingValues<Settings>
  unit: boolean
  miner: Miner
  minerSettings: SettingValues<Settings>
  minerDistance: Distance
  minerUnit: boolean
}

function checkedComparison(loss: EmbeddingLoss, { comparing }: Parts): CheckedComparison {
  const { distance, miner, minerDistance, unitLength, minerAsked } = comparing!
  const { described } = distance
  const accepts = loss.distances
  const fits =
    accepts === undefined ||
    (accepts === 'distances' && described.kind === 'distance') ||
    (accepts === 'similarities' && described.kind === 'similarity') ||
    (Array.isArray(accepts) && accepts.includes(described.id))
  if (!fits) {
    const wanted = Array.isArray(accepts)
      ? accepts.join(' or ')
      : accepts === 'distances'
        ? 'a distance, where smaller is more alike'
        : 'a similarity, where larger is more alike'
    throw new Error(`${loss.id} is defined on ${wanted}, not on ${described.id}`)
  }
  if (described.unitLength === 'always' && unitLength === false) {
    throw new Error(`${described.id} always compares unit vectors; use dot-product for others`)
  }
  const unit = unitLength ?? described.unitLength !== false
  if (loss.unitLength === 'required' && !unit) throw new Error(`${loss.id} is defined on unit vectors only`)
  if (loss.noMiner && minerAsked && miner.described.id !== 'all') {
    throw new Error(`${loss.id} takes no miner: ${loss.noMiner}`)
  }
  return {
    distance: described,
    distanceSettings: values(described.id, described.settings, distance.settings),
    unit,
    miner: miner.described,
    minerSettings: values(miner.described.id, miner.described.settings, miner.settings),
    minerDistance: minerDistance?.described ?? described,
    minerUnit: minerDistance ? true : unit,
  }
}

interface Compared {
  embeddings: tf.Tensor2D
  labels: tf.Tensor1D
  learned: Tensors
  memory?: { embeddings: tf.Tensor2D; labels: tf.Tensor1D }
  random: tf.Tensor2D | undefined
}

function comparedItems(
  loss: EmbeddingLoss,
  settings: SettingValues<Settings>,
  parts: CheckedComparison,
  { embeddings, labels, learned, memory, random }: Compared,
): Items[] {
  if (memory && loss.noMemory) throw new Error(`${loss.id} takes no memory: ${loss.noMemory}`)
  const { distance, unit, miner } = parts
  const prepare = (x: tf.Tensor2D, toUnit: boolean) => (toUnit ? unitLength(x) : x)
  const others = memory && detached<tf.Tensor2D>([memory.embeddings], (m) => m.clone())
  const anchors = prepare(embeddings, unit)
  const references = others ? prepare(others, unit) : anchors
  const between = (a: tf.Tensor2D, b: tf.Tensor2D) => distance.between(a, b, parts.distanceSettings, learned)
  const apart = (of: Distance, compared: tf.Tensor2D) =>
    of.kind === 'similarity' ? compared.neg<tf.Tensor2D>() : compared
  const compared = between(anchors, references)
  const distances = apart(distance, compared)
  const labelled = labelPairs(labels, memory?.labels ?? labels, memory ? 'others' : 'the batch itself')

  let mined: Mined | undefined
  const minedOnce = () => {
    if (mined) return mined
    const shared = parts.minerDistance === distance && parts.minerUnit === unit
    const a = shared ? anchors : prepare(embeddings, parts.minerUnit)
    const r = shared ? references : others ? prepare(others, parts.minerUnit) : a
    const seen = shared
      ? distances
      : apart(parts.minerDistance, parts.minerDistance.between(a, r, {}, learned))
    mined = mine(
      miner,
      { distances: seen, anchors: a, references: r, ...labelled, random },
      parts.minerSettings,
    )
    return mined
  }
  return loss.items(
    {
      anchors,
      references,
      labels,
      compared,
      distances,
      referenceDistances: () => (memory ? apart(distance, between(references, references)) : distances),
      labelled,
      pairs: () => minedOnce().pairs(),
      pairsOfTriplets: () => minedOnce().pairsOfTriplets(),
      triplets: () => minedOnce().triplets(),
      learned,
    },
    settings,
  )
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

/** Over the terms that belong to samples; a formula with one number for the whole batch counts as one item. */
function health(groups: Items[]): { activeShare: tf.Scalar; itemCount: tf.Scalar } {
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

function values(owner: string, settings: Settings, given: GivenSettings): SettingValues<Settings> {
  return resolveSettings(owner, settings, given) as SettingValues<Settings>
}
