import * as tf from '@tensorflow/tfjs'
import * as ort from 'onnxruntime-node'
import { beforeAll, describe, expect, test } from 'vitest'
import { openSession } from '../../../src-main/onnx/session.ts'
import { channelBlock } from '../../../src-main/onnx/tracing/channel-block.ts'
import { traceFunction } from '../../../src-main/onnx/tracing/trace.ts'
import { kernelCases, type KernelCase } from './kernel-table.ts'
import { difference, drawInputs, eager, traced } from './parity.ts'

let block = 0

beforeAll(async () => {
  tf.enableProdMode() // no banner
  await tf.setBackend('cpu')
  block = await channelBlock()
})

type Images = tf.Tensor4D

interface Part {
  what: string
  image: number[]
  parameters: number[][]
  run: (image: Images, parameters: tf.Tensor[]) => tf.Tensor
  /** Nodes that have to be there once, so that the test does not pass with nothing blocked. */
  expected: string[]
}

const conv = (x: tf.Tensor, kernel: tf.Tensor, stride = 1, padding: 'same' | 'valid' = 'same') =>
  tf.conv2d(x as Images, kernel.transpose([2, 3, 1, 0]) as Images, stride, padding)

const parts: Part[] = [
  {
    what: 'a convolution of three colours with bias and rectifier',
    image: [16, 11, 9, 3],
    parameters: [[16, 3, 5, 5], [16]],
    run: (x, [kernel, bias]) => conv(x, kernel!, 2, 'valid').add(bias!).relu(),
    expected: ['Conv'],
  },
  {
    what: 'a residual block',
    image: [16, 5, 6, 16],
    parameters: [[16, 16, 3, 3], [16], [16, 16, 3, 3], [16]],
    run: (x, [a, b, c, d]) => conv(conv(x, a!).add(b!).relu(), c!).add(d!).add(x).relu(),
    expected: ['Conv', 'ReorderInput', 'ReorderOutput'],
  },
  {
    what: 'convolutions between several blocks of channels, over several blocks of images',
    image: [32, 3, 3, 32],
    parameters: [
      [32, 32, 3, 3],
      [32, 32, 3, 3],
    ],
    run: (x, [a, b]) => conv(conv(x, a!).relu(), b!, 2),
    expected: ['Conv', 'ReorderInput', 'ReorderOutput'],
  },
  ...[
    [3, 2],
    [2, 2],
    [3, 1],
    [4, 3],
  ].map(([size, stride]): Part => ({
    what: `maximum pools of ${size} × ${size} with stride ${stride}`,
    image: [2, 9, 10, 32],
    parameters: [[32, 32, 1, 1]],
    run: (x, [a]) => tf.maxPool(conv(x, a!) as Images, size!, stride!, 'valid'),
    expected: ['Conv', 'MaxPool'],
  })),
  {
    what: 'sums of products and every second pixel of a wide map',
    image: [2, 9, 8, 32],
    parameters: [
      [32, 32, 1, 1],
      [48, 32, 1, 1],
    ],
    run: (x, [a, b]) => {
      const y = conv(x, a!)
      const energy = y.square().mean([0, 1, 2]).add(1).sqrt()
      return conv(y.div(energy).relu(), b!, 2)
    },
    expected: ['Conv'],
  },
  {
    what: 'strides, pools and padded shortcuts',
    image: [16, 9, 9, 16],
    parameters: [
      [16, 16, 3, 3],
      [32, 16, 3, 3],
      [32, 32, 1, 1],
    ],
    run: (x, [a, b, c]) => {
      const pooled = tf.maxPool(conv(x, a!).relu() as Images, 3, 2, 'valid')
      const path = conv(pooled, b!, 2, 'valid') // 1 × 1
      const shortcut = tf.avgPool(pooled as Images, 2, 2, 'valid') // 2 × 2
      const grown = tf.pad(path, [
        [0, 0],
        [0, 1],
        [0, 1],
        [0, 0],
      ])
      const wider = tf.pad(shortcut, [
        [0, 0],
        [0, 0],
        [0, 0],
        [0, 16],
      ])
      return conv(grown.add(wider).relu(), c!)
    },
    expected: ['Conv', 'MaxPool', 'AveragePool'],
  },
  {
    what: 'batch normalisation, a depthwise convolution and a learned slope',
    image: [4, 6, 6, 16],
    parameters: [[16, 16, 1, 1], [16], [16], [16], [16, 1, 3, 3]],
    run: (x, [a, scale, shift, slope, b]) => {
      const y = conv(x, a!)
      const { mean, variance } = tf.moments(y, [0, 1, 2])
      const normal = y.sub(mean).div(variance.add(1e-3).sqrt()).mul(scale!).add(shift!)
      const z = tf.prelu(normal, slope!)
      return tf.depthwiseConv2d(z as Images, b!.transpose([2, 3, 0, 1]) as Images, 2, 'same').mean([1, 2])
    },
    expected: ['Conv', 'GlobalAveragePool'],
  },
  ...(['same', 'valid'] as const).flatMap((padding) =>
    [
      [7, 10, 3],
      [8, 5, 1],
      [10, 9, 5],
    ].map(([height, width, size]): Part => ({
      what: `a convolution of ${size} × ${size} with stride 2 and padding “${padding}” on ${height} × ${width}`,
      image: [2, height!, width!, 16],
      parameters: [
        [16, 16, 1, 1],
        [32, 16, size!, size!],
      ],
      run: (x, [a, b]) => conv(conv(x, a!).relu(), b!, 2, padding),
      expected: ['Conv'],
    })),
  ),
  {
    what: 'average pools that do not divide the image',
    image: [2, 7, 6, 16],
    parameters: [[16, 16, 1, 1]],
    run: (x, [a]) => tf.avgPool(conv(x, a!).relu() as Images, 2, 2, 'valid'),
    expected: ['AveragePool', 'Upsample'],
  },
  {
    what: 'depthwise convolutions, the last over the whole map',
    image: [3, 7, 5, 32],
    parameters: [
      [32, 1, 3, 3],
      [32, 1, 7, 5],
      [16, 32, 1, 1],
    ],
    run: (x, [a, b, c]) => {
      const depthwise = (image: tf.Tensor, kernel: tf.Tensor, padding: 'same' | 'valid') =>
        tf.depthwiseConv2d(image as Images, kernel.transpose([2, 3, 0, 1]) as Images, 1, padding)
      return conv(depthwise(depthwise(x, a!, 'same').relu(), b!, 'valid'), c!)
    },
    expected: ['Conv'],
  },
]

test('every kernel of the table and its gradient is the same in a graph for blocked kernels', async () => {
  if (block === 0) return console.warn('this processor has no blocked kernels: not tested')
  const wrong: string[] = []
  for (const each of kernelCases) {
    const real = each.inputs.some(({ dtype = 'float32' }) => dtype === 'float32')
    const withGradients = real && (each.gradient ?? 'cpu') === 'cpu'
    const [expected, actual] = [eager(each, withGradients), await traced(each, withGradients, 'cpu', block)]
    for (const [name, values] of Object.entries(expected))
      if (!(difference(values, actual[name]!) < 5e-6)) wrong.push(`${each.kernel} ${each.what ?? ''} ${name}`)
  }
  expect(wrong).toEqual([])
})

test('equal maxima: the first takes the whole gradient', async () => {
  if (block === 0) return console.warn('this processor has no blocked kernels: not tested')
  const flat: KernelCase = {
    kernel: 'MaxPool',
    inputs: [
      { shape: [2, 7, 7, 16], from: 0, to: 2, dtype: 'int32' },
      { shape: [2, 7, 7, 16], from: 0, to: 0 },
    ],
    run: (whole, zero) => tf.maxPool(whole!.cast('float32').add(zero!) as Images, 3, 2, 'valid'),
  }
  const [expected, actual] = [eager(flat, true), await traced(flat, true, 'cpu', block)]
  expect(difference(expected['gradient 1']!, actual['gradient 1']!)).toBeLessThan(1e-6)
})

test('a filter’s gradient over a map that is cut in bands is that of the graph for any processor', async () => {
  if (block === 0) return console.warn('this processor has no blocked kernels: not tested')
  const large: KernelCase = {
    kernel: 'Conv2D',
    inputs: [{ shape: [16, 40, 36, 16] }, { shape: [3, 3, 16, 16] }],
    run: (x, filter) => tf.conv2d(x as Images, filter as Images, 1, 'same'),
  }
  const [expected, actual] = [await traced(large, true), await traced(large, true, 'cpu', block)]
  for (const name of ['output 0', 'gradient 0', 'gradient 1'])
    expect(difference(expected[name]!, actual[name]!), name).toBeLessThan(5e-6)
})

describe('a graph for blocked kernels computes what TensorFlow.js computes', () => {
  test.each(parts)('$what', async ({ image, parameters, run, expected }) => {
    if (block === 0) return console.warn('this processor has no blocked kernels: not tested')
    const described = [image, ...parameters].map((shape) => ({ shape, from: -1, to: 1 }))
    const step = (tensors: tf.Tensor[]) => {
      const loss = (...each: tf.Tensor[]) => {
        const out = run(each[0] as Images, each.slice(1))
        const weights = Array.from({ length: out.size }, (_, index) => 0.5 + ((index * 7) % 5) / 4)
        return out.mul(tf.tensor(weights, out.shape)).sum() as tf.Scalar
      }
      const { value, grads } = tf.valueAndGrads(loss)(tensors)
      return { loss: value, ...Object.fromEntries(grads.map((grad, index) => [`gradient ${index}`, grad])) }
    }
    const inputs = described.map(({ shape }, index) => ({ name: `${index}`, shape }))
    const { model, graph } = traceFunction((named) => step(inputs.map(({ name }) => named[name]!)), inputs, {
      block,
    })
    const operators = graph.nodes.map(({ operator }) => operator.replace('com.microsoft.nchwc.', 'blocked '))
    expect(operators).toEqual(expect.arrayContaining(expected.map((name) => `blocked ${name}`)))
    expect(operators.filter((name) => name === 'Conv' || name === 'ScatterElements')).toEqual([])

    const tensors = drawInputs(described)
    const wanted = tf.tidy(() =>
      Object.entries(step(tensors)).map(
        ([name, tensor]) => [name, tensor.dataSync() as Float32Array] as const,
      ),
    )
    const session = await openSession(model, { processor: 'cpu', threads: 1 })
    const found = await session.run(
      Object.fromEntries(
        tensors.map((tensor, index) => [
          `${index}`,
          new ort.Tensor('float32', tensor.dataSync() as Float32Array, tensor.shape),
        ]),
      ),
    )
    for (const [name, values] of wanted)
      expect(difference(values, found[name]!.data as Float32Array), name).toBeLessThan(5e-6)
    await session.release()
    tf.dispose(tensors)
  })
})
