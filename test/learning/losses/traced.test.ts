import * as tf from '@tensorflow/tfjs'
import * as ort from 'onnxruntime-node'
import { beforeAll, expect, test } from 'vitest'
import {
  createLoss,
  distances,
  losses,
  miners,
  reducers,
  type LossOptions,
} from '../../../src-main/learning/catalogue.ts'
import { initialParameters } from '../../../src-main/learning/networks/initialise.ts'
import { traceFunction } from '../../../src-main/onnx/tracing/trace.ts'
import { tensorsOf } from '../tensors.ts'
import { relativeError } from './golden.ts'

const [batch, length] = [8, 4]
const labels = [0, 0, 1, 1, 2, 2, 0, 1]
const cases: { id: string; options: LossOptions }[] = [
  ...losses.map(({ id }) => ({ id, options: {} })),
  ...miners.map(({ id }) => ({ id: 'triplet', options: { miner: id } })),
  ...distances.map(({ id }) => ({ id: 'triplet', options: { distance: id, miner: 'all' } })),
  ...reducers.map(({ id }) => ({ id: 'triplet', options: { reducer: id } })),
]

beforeAll(() => tf.setBackend('cpu'))

test.each(cases)('$id $options traces into ONNX: same loss, same gradients', async ({ id, options }) => {
  const composed = createLoss(id, { classes: 3, embeddingLength: length, ...options })
  const start = initialParameters(composed.learned, 1)
  const names = composed.learned.map(({ name }) => name)
  const step = (inputs: Record<string, tf.Tensor>): Record<string, tf.Tensor> => {
    const lossOf = (...[x, ...learned]: tf.Tensor[]) =>
      composed.compute(
        x as tf.Tensor2D,
        inputs.labels as tf.Tensor1D,
        Object.fromEntries(names.map((name, i) => [name, learned[i]!])),
        { random: inputs.random as tf.Tensor2D, classWeights: inputs.weights as tf.Tensor1D },
      ).loss
    const { value, grads } = tf.valueAndGrads(lossOf)([inputs.x!, ...names.map((name) => inputs[name]!)])
    return { value, ...Object.fromEntries(grads.map((gradient, i) => [`gradient ${i}`, gradient])) }
  }
  const inputs: Record<string, tf.Tensor> = {
    x: tf.randomNormal([batch, length], 0, 1, 'float32', 3),
    labels: tf.tensor1d(labels, 'int32'),
    random: tf.randomUniform([batch, batch], 0, 1, 'float32', 5),
    weights: tf.tensor1d([1, 2, 3]),
    ...tensorsOf(composed.learned, start),
  }
  const eager = step(inputs)
  const shapes = Object.entries(inputs).map(([name, { shape, dtype }]) => ({
    name,
    shape,
    dtype: dtype as 'float32' | 'int32',
  }))
  const { model } = traceFunction(step, shapes)
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 })
  const feeds = Object.fromEntries(
    session.inputNames.map((name) => {
      const { dtype, shape } = inputs[name]!
      return [name, new ort.Tensor(dtype as 'float32', inputs[name]!.dataSync() as Float32Array, shape)]
    }),
  )
  const traced = await session.run(feeds)
  for (const [name, tensor] of Object.entries(eager)) {
    expect(
      relativeError([...(traced[name]!.data as Float32Array)], [...tensor.dataSync()]),
      name,
    ).toBeLessThan(1e-5)
  }
  await session.release()
})
