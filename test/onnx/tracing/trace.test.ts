import * as tf from '@tensorflow/tfjs'
import * as ort from 'onnxruntime-node'
import { beforeAll, describe, expect, test } from 'vitest'
import { openSession } from '../../../src-main/onnx/session.ts'
import { traceFunction, type TraceInput, type TracedFunction } from '../../../src-main/onnx/tracing/trace.ts'

beforeAll(() => {
  tf.enableProdMode() // no banner
  return tf.setBackend('cpu')
})

const x: TraceInput = { name: 'x', shape: [2, 3] }
const operators = (fn: TracedFunction, inputs = [x]) =>
  traceFunction(fn, inputs).graph.nodes.map(({ operator }) => operator)

async function run(model: Uint8Array, feeds: Record<string, ort.Tensor>) {
  const session = await openSession(model, { processor: 'cpu', threads: 1 })
  const outputs = await session.run(feeds)
  const results = Object.fromEntries(
    Object.entries(outputs).map(([name, { dims, data }]) => [name, { dims, data: data as Float32Array }]),
  )
  await session.release()
  return results
}
const floats = (values: number[], shape: number[]) =>
  new ort.Tensor('float32', Float32Array.from(values), shape)

describe('what a trace refuses', () => {
  test('a random op, by name', () => {
    expect(() => traceFunction(({ x }) => ({ y: x!.add(tf.randomUniform([2, 3])) }), [x])).toThrow(
      /randomUniform/,
    )
    expect(() => traceFunction(({ x }) => ({ y: x!.add(tf.randomNormal([2, 3])) }), [x])).toThrow(
      /randomNormal/,
    )
    expect(() => traceFunction(({ x }) => ({ y: tf.dropout(x!, 0.5) }), [x])).toThrow(/dropout|randomUniform/)
  })

  test('a seeded random op too: its draw would be the same in every step', () => {
    expect(() =>
      traceFunction(({ x }) => ({ y: x!.add(tf.truncatedNormal([2, 3], 0, 1, 'float32', 7)) }), [x]),
    ).toThrow(/truncatedNormal/)
  })

  test('reading a value, with the node that computes it', () => {
    expect(() => traceFunction(({ x }) => ({ y: x!.mul(x!.relu().dataSync()[0]!) }), [x])).toThrow(/Relu/)
  })

  test('a kernel that ONNX has no form for', () => {
    expect(() => traceFunction(({ x }) => ({ y: tf.unique(x!.reshape([-1])).values }), [x])).toThrow(/Unique/)
  })

  test('a trace within a trace', () => {
    const inner: TracedFunction = ({ x }) => ({ y: x! })
    expect(() => traceFunction((inputs) => (traceFunction(inner, [x]), inner(inputs)), [x])).toThrow(
      /under way/,
    )
  })

  test('a tensor of an earlier trace', () => {
    let kept: tf.Tensor | undefined
    traceFunction(({ x }) => ({ y: (kept = tf.keep(x!.relu())) }), [x])
    expect(() => traceFunction(({ x }) => ({ y: x!.add(kept!) }), [x])).toThrow(/earlier trace/)
    kept!.dispose()
  })

  test('and afterwards the former backend is back, and the next trace works', () => {
    expect(() =>
      traceFunction(() => {
        throw new Error('own fault')
      }, [x]),
    ).toThrow('own fault')
    expect(tf.getBackend()).toBe('cpu')
    expect(operators(({ x }) => ({ y: x!.relu() }))).toContain('Relu')
  })
})

test('a batch norm with known statistics goes into the convolution before it, and changes nothing', async () => {
  const wave = (shape: number[]) =>
    tf.tensor(
      Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => Math.sin(i)),
      shape,
    )
  const filter = wave([3, 3, 2, 4]) as tf.Tensor4D
  const [mean, offset, scale] = [wave([4]), wave([4]).mul(2), wave([4]).add(2)] as tf.Tensor1D[]
  const fn: TracedFunction = ({ image }) => ({
    y: tf.batchNorm(
      tf.conv2d(image as tf.Tensor4D, filter, 1, 'same').sub(0.5),
      mean!,
      scale!,
      offset,
      scale,
    ),
  })
  const image = wave([2, 5, 6, 2])
  const { model, graph } = traceFunction(fn, [{ name: 'image', shape: [2, 5, 6, 2] }])
  expect(graph.nodes.map(({ operator }) => operator)).toEqual(['Transpose', 'Conv', 'Transpose', 'Identity'])
  const { y } = await run(model, { image: floats([...image.dataSync()], [2, 5, 6, 2]) })
  const expected = fn({ image }).y!.dataSync()
  expected.forEach((value, index) => expect(y!.data[index]).toBeCloseTo(value, 5))
})

test('a convolution whose output is used twice keeps what follows apart', () => {
  const filter = tf.ones([1, 1, 2, 4]) as tf.Tensor4D
  const fn: TracedFunction = ({ image }) => {
    const map = tf.conv2d(image as tf.Tensor4D, filter, 1, 'same')
    return { y: map.mul(2).add(map) }
  }
  expect(operators(fn, [{ name: 'image', shape: [1, 3, 3, 2] }])).toContain('Mul')
})

describe('what a trace leaves out', () => {
  test('a transpose between operations in ONNX’s own order', () => {
    const filter = tf.ones([3, 3, 3, 3])
    const twice: TracedFunction = ({ image }) => {
      const once = tf.conv2d(image!.transpose([0, 2, 3, 1]) as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same')
      const again = tf.conv2d(tf.relu(once), filter as tf.Tensor4D, 1, 'same').add(tf.tensor1d([1, 2, 3]))
      return { y: again.transpose([0, 3, 1, 2]) }
    }
    expect(operators(twice, [{ name: 'image', shape: [2, 3, 8, 8] }])).toEqual([
      'Conv',
      'Relu',
      'Conv',
      'Identity',
    ])
  })

  test('tensors of ones', () => {
    const gradient = ({ x }: Record<string, tf.Tensor>) => ({ y: tf.grad((x) => x.square().mean())(x!) })
    const { nodes, initializers } = traceFunction(gradient, [{ name: 'x', shape: [50, 60] }]).graph
    expect(nodes.map(({ operator }) => operator)).not.toContain('Expand')
    for (const { values } of initializers.values()) expect(values.length).toBeLessThan(3)
  })

  test('what is computed twice, or for nothing', () => {
    const fn: TracedFunction = ({ x }) => {
      x!.exp()
      return { y: x!.sin().add(x!.sin()) }
    }
    expect(operators(fn)).toEqual(['Sin', 'Add', 'Identity'])
  })

  test('face-api’s three passes for one LeakyRelu', () => {
    expect(operators(({ x }) => ({ y: tf.add(tf.relu(tf.sub(x!, x!.mul(0.1))), x!.mul(0.1)) }))).toEqual([
      'LeakyRelu',
      'Identity',
    ])
  })
})

test('a trace gives the same bytes every time, and leaves no tensor behind', () => {
  const weights = tf.tensor2d(
    Array.from({ length: 60 }, (_, i) => i / 60),
    [3, 20],
  )
  const fn: TracedFunction = ({ x }) => ({ y: tf.matMul(x! as tf.Tensor2D, weights).relu(), z: x!.sum() })
  const first = traceFunction(fn, [x]).model
  const before = tf.memory().numTensors
  expect(Buffer.from(traceFunction(fn, [x]).model).equals(Buffer.from(first))).toBe(true)
  expect(tf.memory().numTensors).toBe(before)
  // A weight that was used in a trace is still an ordinary tensor.
  expect(weights.sum().dataSync()[0]).toBeCloseTo(29.5, 4)
})

test('a dimension that is free takes any size', async () => {
  const weights = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2])
  const { model, outputs } = traceFunction(
    ({ x }) => ({ y: tf.matMul(x!.reshape([-1, 3]) as tf.Tensor2D, weights).reshape([x!.shape[0], 2, 2]) }),
    [{ name: 'x', shape: ['n', 2, 3] }],
  )
  expect(outputs[0]!.shape).toEqual(['n', 2, 2])
  for (const n of [1, 4]) {
    const { y } = await run(model, { x: floats(Array(n * 6).fill(1), [n, 2, 3]) })
    expect(y!.dims).toEqual([n, 2, 2])
    expect([...y!.data.slice(-2)]).toEqual([9, 12])
  }
})

test('a graph that divides by the size of its free dimension is refused, by name', () => {
  expect(() =>
    traceFunction(({ x }) => ({ y: x!.div(x!.shape[0]!) }), [{ name: 'x', shape: ['n', 3] }]),
  ).toThrow(/“n” cannot be free/)
})

test('whole numbers, truths and scalars come out as what they are', async () => {
  const { model, outputs } = traceFunction(
    ({ x }) => ({
      place: x!.argMax(1),
      positive: x!.greater(0),
      sum: x!.sum(),
      known: tf.tensor1d([1, 2], 'int32'),
    }),
    [x],
  )
  expect(outputs.map(({ dtype, shape }) => [dtype, shape])).toEqual([
    ['int32', [2]],
    ['bool', [2, 3]],
    ['float32', []],
    ['int32', [2]],
  ])
  const { place, positive, sum, known } = await run(model, { x: floats([1, 3, 2, -1, -2, 0], [2, 3]) })
  expect([...place!.data]).toEqual([1, 2])
  expect([...positive!.data].map(Number)).toEqual([1, 1, 1, 0, 0, 0])
  expect([...sum!.data]).toEqual([3])
  expect([...known!.data]).toEqual([1, 2])
})

test('a gradient of one’s own holds in a trace: nothing flows through what is detached', async () => {
  const detach = tf.customGrad((x) => ({
    value: (x as tf.Tensor).clone(),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }))
  const { model } = traceFunction(({ x }) => ({ y: tf.grad((x) => x.mul(detach(x)).sum())(x!) }), [x])
  const { y } = await run(model, { x: floats([1, 2, 3, 4, 5, 6], [2, 3]) })
  expect([...y!.data]).toEqual([1, 2, 3, 4, 5, 6]) // not twice that
})

test('a short known row is written out for a row of pixels on the CPU, and nowhere else', async () => {
  const shift = (inputs: Record<string, tf.Tensor>) => ({
    shifted: inputs.images!.sub(tf.tensor1d([1, 2, 3])),
  })
  const images = { name: 'images', shape: [2, 2, 50, 3] }
  const rows = (block: number) =>
    [...traceFunction(shift, [images], { block }).graph.initializers.values()].map(({ shape }) => shape)
  expect(rows(16)).toEqual([[1, 1, 50, 3]])
  expect(rows(0)).toEqual([[1, 1, 1, 3]])
  const session = await openSession(traceFunction(shift, [images], { block: 16 }).model, {
    processor: 'cpu',
    threads: 1,
  })
  const tens = new ort.Tensor('float32', new Float32Array(2 * 2 * 50 * 3).fill(10), images.shape)
  const { shifted } = await session.run({ images: tens })
  expect([...(shifted!.data as Float32Array)].slice(-3)).toEqual([9, 8, 7])
  await session.release()
})
