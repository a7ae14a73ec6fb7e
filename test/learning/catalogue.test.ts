import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  createLoss,
  distances,
  losses,
  miners,
  reducers,
  regularisers,
} from '../../src-main/learning/catalogue.ts'
import { addLosses } from '../../src-main/learning/losses/add-losses.ts'
import { finiteDifferences } from './losses/slow.ts'
import { golden, lossAndGradients, relativeError, unitRows } from './losses/golden.ts'

const { embeddings, labels, W_dim_by_class: W } = golden('pml_2.9.0')
const rows = (from: number, to: number) => tf.tensor2d(embeddings.slice(from, to))
const ints = (values: number[]) => tf.tensor1d(values, 'int32')
const number = (tensor: tf.Tensor) => tensor.dataSync()[0]!

beforeAll(() => tf.setBackend('cpu'))

describe('what the catalogue says', () => {
  const everything = { losses, distances, miners, reducers, regularisers }

  test.each(Object.entries(everything))(
    '%s have names of their own, a formula, a source, and reasons for defaults',
    (_, parts) => {
      expect(new Set(parts.map(({ id }) => id)).size).toBe(parts.length)
      for (const { id, name, formula, source, settings } of parts) {
        expect(id).toMatch(/^[a-z0-9-]+$/)
        expect(
          [name, formula, source].every((text) => text.length > 0),
          id,
        ).toBe(true)
        for (const [setting, { default: value, reason }] of Object.entries(settings)) {
          expect(reason.length, `${id} ${setting}`).toBeGreaterThan(0)
          expect(typeof value === 'number' ? !Number.isNaN(value) : true).toBe(true)
        }
      }
    },
  )

  test('every loss can be created by its name alone, once its sizes are known', () => {
    for (const { id } of losses) expect(createLoss(id, { classes: 3, embeddingLength: 4 }).id).toBe(id)
  })
})

describe('what does not go together is refused in words', () => {
  test.each([
    [() => createLoss('tripplet'), /no loss is called tripplet; there are triplet, /],
    [() => createLoss('triplet', { miner: 'batch-herd' }), /no miner is called batch-herd/],
    [
      () => createLoss('triplet', { settings: { marign: 1 } }),
      /triplet has no setting marign; it has: margin, swap/,
    ],
    [() => createLoss('triplet', { settings: { swap: 1 } }), /swap must be a boolean, not 1/],
    [() => createLoss('triplet', { settings: { margin: NaN } }), /margin must be a number, not NaN/],
    [
      () => createLoss('triplet', { miner: { id: 'batch-easy-hard', settings: { positives: 'soft' } } }),
      /positives must be one of easy, semi-hard, hard, not soft/,
    ],
    [() => createLoss('contrastive', { distance: 'dot-product' }), /contrastive is defined on a distance/],
    [() => createLoss('multi-similarity', { distance: 'euclidean' }), /is defined on a similarity/],
    [() => createLoss('circle', { distance: 'dot-product' }), /circle is defined on cosine-similarity/],
    [() => createLoss('fast-ap', { unitLength: false }), /fast-ap is defined on unit vectors only/],
    [() => createLoss('triplet', { distance: 'cosine', unitLength: false }), /always compares unit vectors/],
    [() => createLoss('fast-ap', { miner: 'batch-hard' }), /takes no miner: it ranks the whole batch/],
    [
      () => createLoss('arcface', { miner: 'batch-hard', classes: 2, embeddingLength: 2 }),
      /takes no distance and no miner/,
    ],
    [() => createLoss('arcface'), /arcface learns loss.classes: say how many classes there are/],
    [() => createLoss('triplet', { distance: 'mahalanobis' }), /learns distance.map/],
    [
      () => createLoss('triplet', { regularisers: [{ id: 'regular-face', weight: 1 }] }),
      /triplet learns none/,
    ],
  ])('%s', (create, message) => {
    expect(create).toThrow(message)
  })

  test('what a step lacks', () => {
    const batch = [rows(0, 6), ints(labels.slice(0, 6))] as const
    expect(() => createLoss('margin').compute(...batch)).toThrow(/margin needs the learned tensor loss.beta/)
    expect(() => createLoss('triplet', { miner: 'distance-weighted' }).compute(...batch)).toThrow(
      /needs random numbers/,
    )
    expect(() => createLoss('triplet', { reducer: 'class-weighted' }).compute(...batch)).toThrow(
      /needs classWeights/,
    )
    const distilled = createLoss('triplet', { regularisers: [{ id: 'distillation', weight: 1 }] })
    expect(distilled.needs.reference).toBe(true)
    expect(() => distilled.compute(...batch)).toThrow(/needs reference embeddings/)
    const memory = { embeddings: rows(6, 12), labels: ints(labels.slice(6)) }
    expect(() => createLoss('fast-ap').compute(...batch, {}, { memory })).not.toThrow()
    expect(() => createLoss('quadruplet').compute(...batch, {}, { memory })).toThrow(/takes no memory/)
    expect(createLoss('quadruplet').memory).toMatch(/negatives of the batch/)
  })
})

describe('a memory of earlier embeddings', () => {
  const memoryLabels = [0, 1, 2, 0, 3, 3]
  const u = unitRows(embeddings)
  const loop = (x: number[][], weight: number) => {
    const unit = unitRows(x)
    const term = (y: number[], others: number[][], z: number[], own: boolean) => {
      const losses = unit.flatMap((a, i) =>
        others.flatMap((b, j) => {
          if (own && i === j) return []
          const d = Math.hypot(...a.map((v, k) => v - b[k]!))
          return [y[i] === z[j] ? d ** 2 / 2 : Math.max(0, 1 - d) ** 2 / 2]
        }),
      )
      return losses.reduce((sum, l) => sum + l, 0) / losses.length
    }
    const own = labels.slice(0, 6)
    return term(own, unit, own, true) + weight * term(own, u.slice(6), memoryLabels, false)
  }

  test('adds the loss of the batch against it, with no gradient into it', () => {
    const beside = { memory: { embeddings: rows(6, 12), labels: ints(memoryLabels), weight: 0.5 } }
    const batch = embeddings.slice(0, 6)
    const found = lossAndGradients('contrastive', {}, batch, labels.slice(0, 6), {}, beside)
    expect(Math.abs(found.loss / loop(batch, 0.5) - 1)).toBeLessThan(1e-5)
    expect(
      relativeError(
        found.gradients.embeddings!,
        finiteDifferences((x) => loop(x, 0.5), batch),
      ),
    ).toBeLessThan(1e-5)
    const gradient = tf.grad(
      (m: tf.Tensor) =>
        createLoss('contrastive').compute(
          rows(0, 6),
          ints(labels.slice(0, 6)),
          {},
          {
            memory: { embeddings: m as tf.Tensor2D, labels: ints(memoryLabels) },
          },
        ).loss,
    )(rows(6, 12))
    expect([...gradient.dataSync()].every((value) => value === 0)).toBe(true)
  })

  test('an empty place is nobody’s positive and nobody’s negative', () => {
    for (const { id, compares, ...rest } of losses) {
      if (compares === 'classes' || ('noMemory' in rest && rest.noMemory)) continue
      const composed = createLoss(id, { classes: 4, embeddingLength: 8 })
      const learned = { 'loss.beta': tf.tensor1d([1.2]) }
      const draws = tf.fill<tf.Rank.R2>([6, 8], 0.3)
      const against = (m: tf.Tensor2D, y: number[]) =>
        composed.compute(rows(0, 6), ints(labels.slice(0, 6)), learned, {
          random: tf.fill([6, 6], 0.3),
          memory: { embeddings: m, labels: ints(y), random: draws.slice([0, 0], [6, y.length]) },
        }).loss
      const full = against(rows(6, 12), memoryLabels)
      const partly = against(rows(6, 12).concat(tf.ones([2, 8]).mul(9)), [...memoryLabels, -1, -1])
      expect(number(partly), id).toBeCloseTo(number(full), 5)
    }
  })
})

test('losses add up with their weights, and what they learn is told apart', () => {
  const sizes = { classes: 4, embeddingLength: 8 }
  const both = addLosses([
    { weight: 1, loss: createLoss('softmax', sizes) },
    { weight: 0.01, loss: createLoss('center', sizes) },
  ])
  expect(both.learned.map(({ name }) => name)).toEqual([
    'softmax.loss.classes',
    'softmax.loss.bias',
    'center.loss.centers',
  ])
  const [w, b, c] = [tf.tensor2d(W), tf.tensor1d([0, 0, 0, 0]), tf.tensor2d(W).transpose()]
  const batch = [rows(0, 12), ints(labels)] as const
  const sum = both.compute(...batch, {
    'softmax.loss.classes': w,
    'softmax.loss.bias': b,
    'center.loss.centers': c,
  })
  const softmax = createLoss('softmax', sizes).compute(...batch, { 'loss.classes': w, 'loss.bias': b })
  const center = createLoss('center', sizes).compute(...batch, { 'loss.centers': c })
  expect(number(sum.loss)).toBeCloseTo(number(softmax.loss) + 0.01 * number(center.loss), 5)
  expect(() =>
    addLosses([
      { weight: 1, loss: createLoss('triplet') },
      { weight: 1, loss: createLoss('triplet') },
    ]),
  ).toThrow(/triplet is added to itself/)
})

test('the share of active triplets is that of those whose hinge is open', () => {
  const { activeShare } = lossAndGradients(
    'triplet',
    { distance: 'euclidean', miner: 'all' },
    embeddings,
    labels,
  )
  expect(activeShare).toBeCloseTo(126 / 216, 6) // triplet_all_0.2 of the golden miners, of 12 × 2 × 9
})
