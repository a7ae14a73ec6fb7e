import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import { createLoss, regularisers, type LossOptions } from '../../../src-main/learning/catalogue.ts'
import { golden, lossAndGradients, relativeError, transposed, unitRows } from '../losses/golden.ts'
import { dot, finiteDifferences, mean, sum } from '../losses/slow.ts'

const { embeddings, labels, W_dim_by_class: W } = golden('pml_2.9.0')
const reference = embeddings.map((row) => row.map((x, k) => Math.sin(3 * x + k)))
const short = reference.map((row) => row.slice(0, 5))

beforeAll(() => tf.setBackend('cpu'))

/** A loss of nothing but its penalty: no triplet is within a margin of −9. */
const alone = (id: string, settings = {}): LossOptions => ({
  settings: { margin: -9 },
  miner: 'all',
  regularisers: [{ id, settings, weight: 0.5 }],
})

const cases: [string, object, number[][] | undefined, (x: number[][]) => number][] = [
  ['lp', {}, undefined, (x) => mean(x.map((row) => dot(row, row)))],
  ['lp', { power: 1 }, undefined, (x) => mean(x.map((row) => Math.hypot(...row)))],
  ['lp', { p: 1, power: 1 }, undefined, (x) => mean(x.map((row) => sum(row.map(Math.abs))))],
  ['lp', { p: 1 }, undefined, (x) => mean(x.map((row) => sum(row.map(Math.abs)) ** 2))],
  ['zero-mean', {}, undefined, (x) => mean(x.map((row) => Math.abs(sum(row))))],
  [
    'distillation',
    {},
    reference,
    (x) => mean(unitRows(x).map((row, i) => 2 - 2 * dot(row, unitRows(reference)[i]!))),
  ],
  [
    'similarity-distillation',
    {},
    short,
    (x) => {
      const [a, r] = [unitRows(x), unitRows(short)]
      return mean(
        a.flatMap((_, i) =>
          a.flatMap((_, j) => (i === j ? [] : [(dot(a[i]!, a[j]!) - dot(r[i]!, r[j]!)) ** 2])),
        ),
      )
    },
  ],
]

describe('penalty and gradient against a loop', () => {
  test.each(cases)('%s %j', (id, settings, against, loop) => {
    const beside = against ? { reference: tf.tensor2d(against) } : {}
    const found = lossAndGradients('triplet', alone(id, settings), embeddings, labels, {}, beside)
    expect(Math.abs(found.loss / (0.5 * loop(embeddings)) - 1)).toBeLessThan(1e-5)
    const gradient = finiteDifferences((x) => 0.5 * loop(x), embeddings)
    expect(relativeError(found.gradients.embeddings!, gradient)).toBeLessThan(1e-5)
  })

  test.each([
    ['loss.classes', 'cosface', W],
    ['loss.proxies', 'proxy-anchor', transposed(W)],
  ])('regular-face on %s', (name, loss, learned) => {
    const loop = (w: number[][]) => {
      const unit = unitRows(name === 'loss.classes' ? transposed(w) : w)
      return mean(unit.map((a, i) => Math.max(...unit.flatMap((b, j) => (i === j ? [] : [dot(a, b)])))))
    }
    const sizes = { classes: 4, embeddingLength: 8 }
    const options = { ...sizes, regularisers: [{ id: 'regular-face', weight: 1 }] }
    const without = lossAndGradients(loss, sizes, embeddings, labels, { [name]: learned })
    const found = lossAndGradients(loss, options, embeddings, labels, { [name]: learned })
    expect(found.loss - without.loss).toBeCloseTo(loop(learned), 4)
    const gradient = found.gradients[name]!.map((g, i) => g - without.gradients[name]![i]!)
    expect(relativeError(gradient, finiteDifferences(loop, learned))).toBeLessThan(1e-4) // a difference of two larger numbers
  })
})

test('each is finite on zero vectors', () => {
  const zeros = embeddings.map((row) => row.map(() => 0))
  for (const { id, needs } of regularisers) {
    if (needs === 'classes') continue
    const beside = { reference: tf.tensor2d(embeddings) }
    const { loss, gradients } = lossAndGradients('triplet', alone(id), zeros, labels, {}, beside)
    expect([loss, ...gradients.embeddings!].every(Number.isFinite), id).toBe(true)
  }
})

test('distillation says that lengths differ', () => {
  const composed = createLoss('triplet', alone('distillation'))
  const compute = () =>
    composed.compute(
      tf.tensor2d(embeddings),
      tf.tensor1d(labels, 'int32'),
      {},
      { reference: tf.tensor2d(short) },
    )
  expect(compute).toThrow(/one length: 8 and 5; similarity-distillation does not need it/)
})
