import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import { createLoss, distances, losses, miners, reducers } from '../../../src-main/learning/catalogue.ts'
import type { LossOptions } from '../../../src-main/learning/catalogue.ts'
import type { Tensors } from '../../../src-main/learning/layers/layer.ts'
import type { Beside } from '../../../src-main/learning/losses/composed-loss.ts'
import { initialParameters } from '../../../src-main/learning/networks/initialise.ts'
import { random } from '../../../src-main/learning/random.ts'
import { tensorsOf } from '../tensors.ts'

const length = 4
const source = random(7, 'degenerate')
const drawn = (rows: number) =>
  Array.from({ length: rows }, () => Array.from({ length }, () => source.normal()))
const sizes = { classes: 4, embeddingLength: length }

/** Batches at the edges of what a loss is made for. */
const batches: Record<string, { embeddings: number[][]; labels: number[] }> = {
  'one class only': { embeddings: drawn(5), labels: [1, 1, 1, 1, 1] },
  'no two of one class': { embeddings: drawn(4), labels: [0, 1, 2, 3] },
  'a batch of one': { embeddings: drawn(1), labels: [2] },
  'duplicates, within a class and across': {
    embeddings: [[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4], ...drawn(2)],
    labels: [0, 0, 1, 1, 2, 2],
  },
  'everyone in one point': {
    embeddings: Array.from({ length: 6 }, () => [1, 0, 0, 0]),
    labels: [0, 0, 1, 1, 2, 2],
  },
  'zero vectors': {
    embeddings: [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], ...drawn(3)],
    labels: [0, 0, 1, 1, 2, 2],
  },
  'nothing but zeros': { embeddings: Array.from({ length: 4 }, () => [0, 0, 0, 0]), labels: [0, 0, 1, 1] },
  'opposite vectors': {
    embeddings: [
      [1, 0, 0, 0],
      [-1, 0, 0, 0],
      [-1, 0, 0, 0],
      [1, 0, 0, 0],
    ],
    labels: [0, 0, 1, 1],
  },
  'very long vectors': {
    embeddings: drawn(6).map((row) => row.map((x) => 30 * x)),
    labels: [0, 0, 1, 1, 2, 2],
  },
}

function evaluate(
  id: string,
  options: LossOptions,
  { embeddings, labels }: { embeddings: number[][]; labels: number[] },
) {
  return tf.tidy(() => {
    const composed = createLoss(id, { ...sizes, ...options })
    const learned = tensorsOf(composed.learned, initialParameters(composed.learned, 3))
    const names = Object.keys(learned)
    const beside: Beside = {
      random: tf.tensor2d(embeddings.map(() => labels.map(() => source.uniform()))),
      classWeights: tf.tensor1d([1, 2, 3, 4]),
    }
    const y = tf.tensor1d(labels, 'int32')
    const compute = (...inputs: tf.Tensor[]) => {
      const byName: Tensors = Object.fromEntries(names.map((name, i) => [name, inputs[i + 1]!]))
      return composed.compute(inputs[0] as tf.Tensor2D, y, byName, beside)
    }
    const inputs = [tf.tensor2d(embeddings), ...names.map((name) => learned[name]!)]
    const { value, grads } = tf.valueAndGrads((...x) => compute(...x).loss)(inputs)
    const { activeShare, itemCount } = compute(...inputs)
    return {
      loss: value.dataSync()[0]!,
      activeShare: activeShare.dataSync()[0]!,
      itemCount: itemCount.dataSync()[0]!,
      gradient: [...grads[0]!.dataSync()],
      gradients: grads.flatMap((gradient) => [...gradient.dataSync()]),
    }
  })
}

beforeAll(() => tf.setBackend('cpu'))

describe.each(Object.keys(batches))('%s', (batch) => {
  test.each(losses.map(({ id }) => id))('%s: loss and gradient are numbers', (id) => {
    const { loss, gradients, activeShare } = evaluate(id, {}, batches[batch]!)
    expect(loss).toSatisfy(Number.isFinite)
    expect(gradients.filter((value) => !Number.isFinite(value))).toEqual([])
    expect(activeShare).toBeGreaterThanOrEqual(0)
    expect(activeShare).toBeLessThanOrEqual(1 + 1e-6)
  })
})

describe('with nothing to compare the loss is 0 and so is the gradient', () => {
  // Losses of embeddings in a batch of one; those of pairs or triplets with no positives too, where they need them.
  test.each(losses.filter(({ compares }) => compares === 'embeddings').map(({ id }) => id))(
    '%s, a batch of one',
    (id) => {
      const { loss, gradients, itemCount } = evaluate(id, {}, batches['a batch of one']!)
      expect(loss).toBe(0)
      expect(gradients.every((value) => value === 0)).toBe(true)
      if (!['clustering', 'margin'].includes(id)) expect(itemCount).toBe(0)
    },
  )

  test.each(['triplet', 'triplet-soft-margin', 'quadruplet', 'angular-triplet', 'triplet-center-batch'])(
    '%s, one class only',
    (id) => {
      const { loss, gradients, activeShare } = evaluate(id, {}, batches['one class only']!)
      expect(loss).toBe(0)
      expect(activeShare).toBe(0)
      expect(gradients.every((value) => value === 0)).toBe(true)
    },
  )

  test.each(miners.map(({ id }) => id))('triplet with the miner %s, no positives', (miner) => {
    const { loss, gradients } = evaluate('triplet', { miner }, batches['no two of one class']!)
    expect(loss).toBe(0)
    expect(gradients.every((value) => value === 0)).toBe(true)
  })
})

describe('a zero vector has no direction and receives no gradient through one', () => {
  test.each(['cosine-similarity', 'euclidean', 'squared-euclidean', 'cosine', 'signal-to-noise'])(
    '%s',
    (distance) => {
      const { gradient } = evaluate('triplet', { distance, miner: 'all' }, batches['zero vectors']!)
      if (distance === 'signal-to-noise') {
        // As a reference a zero vector is noise like any other; as an anchor it has no signal to compare with.
        expect(gradient.every(Number.isFinite)).toBe(true)
      } else {
        expect(gradient.slice(0, 3 * length).every((value) => value === 0)).toBe(true)
      }
    },
  )
})

describe('any with any: every miner, distance and reducer computes, or says why not', () => {
  const batch = { embeddings: drawn(6), labels: [0, 0, 1, 1, 2, 2] }

  test.each(losses.map(({ id }) => id))('%s', (id) => {
    const combinations: LossOptions[] = [
      ...miners.map(({ id: miner }) => ({ miner })),
      ...distances.map(({ id: distance }) => ({ distance })),
      ...distances.map(({ id: distance }) => ({ distance, unitLength: false })),
      ...reducers.map(({ id: reducer }) => ({ reducer })),
    ]
    for (const options of combinations) {
      let result
      try {
        result = evaluate(id, options, batch)
      } catch (error) {
        expect(String(error)).toMatch(
          /takes no miner|takes no distance|is defined on|always compares unit vectors/,
        )
        continue
      }
      expect(result.loss, JSON.stringify(options)).toSatisfy(Number.isFinite)
      expect(result.gradients.every(Number.isFinite), JSON.stringify(options)).toBe(true)
    }
  })
})

test('no tensor is left behind, by any loss with any miner', () => {
  const { embeddings, labels } = batches['duplicates, within a class and across']!
  const x = tf.tensor2d(embeddings)
  const y = tf.tensor1d(labels, 'int32')
  const before = tf.memory().numTensors
  for (const { id, compares } of losses) {
    for (const miner of compares === 'embeddings' ? miners : [undefined]) {
      let composed
      try {
        composed = createLoss(id, { ...sizes, ...(miner && { miner: miner.id }) })
      } catch {
        continue // said above: it takes no miner
      }
      const learned = tensorsOf(composed.learned, initialParameters(composed.learned, 3))
      const draws = tf.randomUniform<tf.Rank.R2>([6, 6])
      const gradient = tf.valueAndGrads(
        (e) => composed.compute(e as tf.Tensor2D, y, learned, { random: draws }).loss,
      )
      const { value, grads } = gradient([x])
      tf.dispose([value, grads])
      const { loss, activeShare, itemCount, penalty, items } = composed.compute(x, y, learned, {
        random: draws,
      })
      tf.dispose([loss, activeShare, itemCount, penalty])
      tf.dispose(items.flatMap(({ losses, weights }) => [losses, weights]))
      tf.dispose(items.flatMap(({ labels: own }) => (own && own !== y ? [own] : [])))
      tf.dispose([learned, draws])
      expect(tf.memory().numTensors - before, `${id} ${miner?.id}`).toBe(0)
    }
  }
  tf.dispose([x, y])
})
