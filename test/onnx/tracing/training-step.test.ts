import * as tf from '@tensorflow/tfjs'
import * as ort from 'onnxruntime-node'
import { beforeAll, expect, test } from 'vitest'
import { openSession } from '../../../src-main/onnx/session.ts'
import { traceFunction, type TraceInput } from '../../../src-main/onnx/tracing/trace.ts'
import { difference } from './parity.ts'

beforeAll(() => {
  tf.enableProdMode() // no banner
  return tf.setBackend('cpu')
})

const batch = 6
const shapes = { filter: [4, 2, 3, 3], gamma: [4], beta: [4], dense: [36, 3] }
const inputs: TraceInput[] = [
  { name: 'image', shape: [batch, 6, 6, 2] },
  { name: 'labels', shape: [batch], dtype: 'int32' },
  ...Object.entries(shapes).map(([name, shape]) => ({ name, shape })),
]
const learned = Object.keys(shapes)

/** Convolution, batch norm, rectifier, pool, dense layer, cross-entropy; its gradients; one step of descent. */
function step(tensors: Record<string, tf.Tensor>): Record<string, tf.Tensor> {
  const lossOf = (...parameters: tf.Tensor[]) => {
    const [filter, gamma, beta, dense] = parameters as [tf.Tensor4D, tf.Tensor, tf.Tensor, tf.Tensor2D]
    const map = tf.conv2d(tensors.image as tf.Tensor4D, filter.transpose([2, 3, 1, 0]), 1, 'same')
    const { mean, variance } = tf.moments(map, [0, 1, 2])
    const normal = map.sub(mean).div(variance.add(1e-5).sqrt()).mul(gamma).add(beta)
    const pooled = tf.maxPool(normal.relu() as tf.Tensor4D, 2, 2, 'valid')
    const scores = tf.matMul(pooled.reshape([batch, 36]) as tf.Tensor2D, dense)
    return tf.losses.softmaxCrossEntropy(tf.oneHot(tensors.labels as tf.Tensor1D, 3), scores) as tf.Scalar
  }
  const { value, grads } = tf.valueAndGrads(lossOf)(learned.map((name) => tensors[name]!))
  const next = learned.map((name, index) => [`next ${name}`, tensors[name]!.sub(grads[index]!.mul(0.1))])
  return { loss: value, ...Object.fromEntries(next) }
}

function start(): Record<string, tf.Tensor> {
  const wave = (shape: number[], speed: number) =>
    tf.tensor(
      Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => Math.sin(i * speed)),
      shape,
    )
  return {
    image: wave([batch, 6, 6, 2], 0.37),
    labels: tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32'),
    filter: wave(shapes.filter, 1.3).mul(0.3),
    gamma: tf.ones(shapes.gamma),
    beta: tf.zeros(shapes.beta),
    dense: wave(shapes.dense, 2.1).mul(0.2),
  }
}

test('ten steps of a small network, traced, end where TensorFlow.js ends', async () => {
  const { model } = traceFunction(step, inputs)
  const session = await openSession(model, { processor: 'cpu', threads: 1 })
  let eager = start()
  const feeds: Record<string, ort.Tensor> = Object.fromEntries(
    Object.entries(eager).map(([name, tensor]) => [
      name,
      new ort.Tensor(tensor.dtype as 'float32', tensor.dataSync().slice() as Float32Array, tensor.shape),
    ]),
  )
  const losses: number[] = []
  for (let count = 0; count < 10; count++) {
    const expected = tf.tidy(() => step(eager))
    const actual = await session.run(feeds)
    losses.push(expected.loss!.dataSync()[0]!)
    expect((actual.loss!.data as Float32Array)[0]).toBeCloseTo(losses.at(-1)!, 5)
    for (const name of learned) {
      feeds[name] = actual[`next ${name}`]!
      eager = { ...eager, [name]: expected[`next ${name}`]! }
      const values = eager[name]!.dataSync() as Float32Array
      expect(
        difference(values, feeds[name]!.data as Float32Array),
        `${name} after step ${count + 1}`,
      ).toBeLessThan(2e-5)
    }
  }
  expect(losses.at(-1)).toBeLessThan(losses[0]! / 2)
  await session.release()
})
