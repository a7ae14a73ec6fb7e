import * as tf from '@tensorflow/tfjs'
import { Tensor } from 'onnxruntime-node'
import { beforeAll, expect, test } from 'vitest'
import { openSession } from '../../../src-main/onnx/session.ts'
import { traceFunction, type TracedFunction } from '../../../src-main/onnx/tracing/trace.ts'

beforeAll(() => {
  tf.enableProdMode() // no banner
  return tf.setBackend('cpu')
})

const filters = () =>
  tf.tensor4d(
    Float32Array.from({ length: 3 * 3 * 3 * 4 }, (_, i) => ((i * 7) % 11) / 8 - 0.5),
    [3, 3, 3, 4],
  )
const normalised: TracedFunction = ({ image }) => ({
  seen: tf.conv2d(image!.sub([122.5, 117, 104]).div(255) as tf.Tensor4D, filters(), 2, 'same'),
})
const pixels = (...shape: number[]) =>
  Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => (i * 37) % 256)

/** What the traced function gives for an image, and what TensorFlow.js gives. */
async function both(fn: TracedFunction, traced: ReturnType<typeof traceFunction>, shape: number[]) {
  const session = await openSession(traced.model, { processor: 'cpu', threads: 1 })
  const { seen } = await session.run({ image: new Tensor('float32', pixels(...shape), shape) })
  await session.release()
  return {
    found: seen!.data as Float32Array,
    expected: await fn({ image: tf.tensor(pixels(...shape), shape) }).seen!.data(),
  }
}

const worst = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  expect(a.length).toBe(b.length)
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)
}

test('an image is brought to ONNX’s order before its mean colour is taken from it, and stays the same', async () => {
  const traced = traceFunction(normalised, [{ name: 'image', shape: ['n', 9, 7, 3] }])
  expect(traced.graph.nodes.map(({ operator }) => operator).slice(0, 4)).toEqual([
    'Transpose',
    'Sub',
    'Div',
    'Conv',
  ])
  const { found, expected } = await both(normalised, traced, [2, 9, 7, 3])
  expect(worst(found, expected)).toBeLessThan(1e-5)
})

test('where what was taken is used otherwise too, it is left as it was', async () => {
  const twice: TracedFunction = ({ image }) => {
    const rest = image!.sub<tf.Tensor4D>([122.5, 117, 104])
    return { seen: tf.conv2d(rest, filters(), 2, 'same').sum().add(rest.max()) }
  }
  const traced = traceFunction(twice, [{ name: 'image', shape: [1, 9, 7, 3] }])
  expect(traced.graph.nodes[0]!.operator).toBe('Sub')
  const { found, expected } = await both(twice, traced, [1, 9, 7, 3])
  expect(worst(found, expected)).toBeLessThan(1e-2) // of some thousands
})

test('a free dimension may come in steps: what is computed at its multiples holds at all of them', async () => {
  const halved: TracedFunction = ({ image }) => ({
    seen: tf.conv2d(
      tf.conv2d(image as tf.Tensor4D, filters(), 2, 'same'),
      filters().pad([
        [0, 0],
        [0, 0],
        [0, 1],
        [0, 0],
      ]) as tf.Tensor4D,
      2,
      'same',
    ),
  })
  const traced = traceFunction(halved, [{ name: 'image', shape: [1, 'rows', 8, 3], step: 4 }])
  expect(traced.inputs[0]!.shape).toEqual([1, 'rows', 8, 3])
  for (const rows of [4, 8, 28]) {
    const { found, expected } = await both(halved, traced, [1, rows, 8, 3])
    expect(worst(found, expected)).toBeLessThan(1e-3)
  }
})
