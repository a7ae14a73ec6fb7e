import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import { batchNorm } from '../../../src-main/learning/layers/batch-norm.ts'
import { convolution, depthwiseConvolution } from '../../../src-main/learning/layers/convolution.ts'
import type { Layer, Pass, Tensors } from '../../../src-main/learning/layers/layer.ts'
import { flatten, l2Pooling } from '../../../src-main/learning/layers/pooling.ts'
import { responseNormalisation } from '../../../src-main/learning/layers/response-normalisation.ts'

beforeAll(() => tf.setBackend('cpu'))

const wave = (shape: number[], phase = 0): tf.Tensor =>
  tf.range(0, tf.util.sizeFromShape(shape)).mul(0.7).add(phase).sin().reshape(shape)

function pass(parameters: Tensors, statistics: Tensors, training: boolean): Pass & { updated: Tensors } {
  const updated: Tensors = {}
  return {
    updated,
    parameter: (name) => parameters[name]!,
    statistic: (name) => statistics[name]!,
    isTraining: () => training,
    update: (name, value) => void (updated[name] = tf.keep(value)),
  }
}

const apply = (layer: Layer, x: tf.Tensor, parameters: Tensors = {}) =>
  layer.apply(x, pass(parameters, {}, false))

describe('batch normalisation', () => {
  const x = wave([3, 2, 2, 2]).mul(3).add(1)
  const values = x.arraySync() as number[][][][]
  const column = (c: number) => values.flat(2).map((channels) => channels[c]!)
  const [gamma, beta] = [tf.tensor1d([1.5, 0.5]), tf.tensor1d([0.1, -0.2])]
  const layer = batchNorm('n', 2)
  const parameters = { 'n.scale': gamma, 'n.shift': beta }
  const running = { 'n.mean': tf.tensor1d([0.3, -0.4]), 'n.variance': tf.tensor1d([2, 0.5]) }

  test('normalises by the batch in training and moves the running statistics by the unbiased variance', () => {
    const state = pass(parameters, running, true)
    const y = layer.apply(x, state).arraySync() as number[][][][]
    for (const c of [0, 1]) {
      const numbers = column(c)
      const mean = numbers.reduce((a, b) => a + b) / 12
      const squares = numbers.reduce((sum, v) => sum + (v - mean) ** 2, 0)
      const g = gamma.arraySync()[c]!
      const b = beta.arraySync()[c]!
      y.flat(2).forEach((channels, i) =>
        expect(channels[c]!).toBeCloseTo(((numbers[i]! - mean) / Math.sqrt(squares / 12 + 1e-5)) * g + b, 5),
      )
      const old = [running['n.mean'].arraySync()[c]!, running['n.variance'].arraySync()[c]!] as const
      expect(state.updated['n.mean']!.dataSync()[c]!).toBeCloseTo(0.9 * old[0] + 0.1 * mean, 5)
      expect(state.updated['n.variance']!.dataSync()[c]!).toBeCloseTo(0.9 * old[1] + (0.1 * squares) / 11, 5)
    }
    tf.dispose(state.updated)
  })

  test('has the gradient that automatic differentiation of the definition has', () => {
    const weight = wave([3, 2, 2, 2], 2)
    const definition = (x: tf.Tensor, g: tf.Tensor, b: tf.Tensor) => {
      const { mean, variance } = tf.moments(x, [0, 1, 2])
      return x.sub(mean).div(variance.add(1e-5).sqrt()).mul(g).add(b).mul(weight).sum().asScalar()
    }
    const ours = (x: tf.Tensor, g: tf.Tensor, b: tf.Tensor) => {
      const state = pass({ 'n.scale': g, 'n.shift': b }, running, true)
      const y = layer.apply(x, state).mul(weight).sum().asScalar()
      tf.dispose(state.updated)
      return y
    }
    const expected = tf.grads(definition)([x, gamma, beta])
    const gradients = tf.grads(ours)([x, gamma, beta])
    gradients.forEach((gradient, i) =>
      gradient.dataSync().forEach((value, j) => expect(value).toBeCloseTo(expected[i]!.dataSync()[j]!, 4)),
    )
  })

  test('uses the running statistics, unchanged, when it is not being trained', () => {
    const state = pass(parameters, running, false)
    const y = layer.apply(x, state).arraySync() as number[][][][]
    expect(state.updated).toEqual({})
    expect(y[0]![0]![0]![1]!).toBeCloseTo(((values[0]![0]![0]![1]! + 0.4) / Math.sqrt(0.5)) * 0.5 - 0.2, 4)
  })

  test('stays finite on a batch of one pixel, whose deviation is zero', () => {
    const state = pass(parameters, running, true)
    const y = layer.apply(tf.tensor4d([5, -5], [1, 1, 1, 2]), state)
    expect([...y.dataSync()]).toEqual([...beta.dataSync()])
    expect(state.updated['n.variance']!.dataSync()[0]!).toBeCloseTo(1.8, 6)
    tf.dispose(state.updated)
  })
})

test('convolution kernels are output, input, height, width', () => {
  const weights = tf.buffer([2, 3, 3, 3])
  weights.set(1, 1, 2, 0, 1) // output 1 is input 2, one row up
  const x = wave([1, 4, 4, 3])
  const y = apply(convolution('c', 3, 2, { kernel: 3 }), x, { 'c.weights': weights.toTensor() })
  const [values, result] = [x.arraySync() as number[][][][], y.arraySync() as number[][][][]]
  for (let r = 0; r < 4; r++)
    for (let c = 0; c < 4; c++)
      expect(result[0]![r]![c]).toEqual([0, r === 0 ? 0 : values[0]![r - 1]![c]![2]])
})

test('a depthwise convolution keeps channels apart', () => {
  const weights = tf.buffer([2, 1, 3, 3])
  weights.set(2, 1, 0, 1, 1) // channel 1 doubled, channel 0 gone
  const x = wave([1, 3, 3, 2])
  const y = apply(depthwiseConvolution('d', 2, { kernel: 3 }), x, { 'd.weights': weights.toTensor() })
  y.reshape([9, 2])
    .dataSync()
    .forEach((value, i) => expect(value).toBeCloseTo(i % 2 ? 2 * x.dataSync()[i]! : 0, 6))
})

test('L2 pooling is the root of the sum of squares in each window, and has a finite gradient at zero', () => {
  const x = wave([1, 3, 4, 1])
  const y = apply(l2Pooling(3), x).arraySync() as number[][][][]
  const values = x.arraySync() as number[][][][]
  for (let r = 0; r < 3; r++)
    for (let c = 0; c < 4; c++) {
      let sum = 0
      for (let i = Math.max(0, r - 1); i <= Math.min(2, r + 1); i++)
        for (let j = Math.max(0, c - 1); j <= Math.min(3, c + 1); j++) sum += values[0]![i]![j]![0]! ** 2
      expect(y[0]![r]![c]![0]!).toBeCloseTo(Math.sqrt(sum), 5)
    }
  const gradient = tf.grad((x) => apply(l2Pooling(3), x).sum().asScalar())(tf.zeros([1, 3, 3, 1]))
  expect([...gradient.dataSync()]).toEqual(new Array(9).fill(0))
})

test("response normalisation agrees with TensorFlow.js's own", () => {
  const x = wave([1, 2, 2, 7], 0.1).mul(40)
  const expected = tf.localResponseNormalization(x as tf.Tensor4D, 2, 1, 0.01 / 5, 0.75).dataSync()
  apply(responseNormalisation(7, 5, 0.01), x)
    .dataSync()
    .forEach((value, i) => expect(value / expected[i]!).toBeCloseTo(1, 5))
})

test('flattening puts channels first', () => {
  const x = tf.tensor4d([1, 10, 2, 20, 3, 30, 4, 40], [1, 2, 2, 2])
  expect(apply(flatten, x).arraySync()).toEqual([[1, 2, 3, 4, 10, 20, 30, 40]])
})
