import { InferenceSession, Tensor } from 'onnxruntime-node'
import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import { initialParameters, initialStatistics } from '../../src-main/learning/networks/initialise.ts'
import { linearMap } from '../../src-main/learning/networks/linear-map.ts'
import { mobileFaceNet } from '../../src-main/learning/networks/mobile-face-net.ts'
import type { Network } from '../../src-main/learning/networks/network.ts'
import { nn4Small } from '../../src-main/learning/networks/nn4-small.ts'
import { recognitionNet } from '../../src-main/learning/networks/recognition-net.ts'
import { smallResNet } from '../../src-main/learning/networks/small-res-net.ts'
import { kochSiamese } from '../../src-main/learning/networks/koch-siamese.ts'
import { exportNetwork, exportTolerance } from '../../src-main/training/export-network.ts'

beforeAll(() => tf.setBackend('cpu'))

const valuesOf = (network: Network) => ({
  parameters: initialParameters(network.parameters, 1),
  // away from 0 and 1, so that a statistic in the wrong place shows
  statistics: Object.fromEntries(
    Object.entries(initialStatistics(network.statistics)).map(([name, values]) => [
      name,
      values.map((value, i) => value + 0.2 + 0.1 * Math.sin(i)),
    ]),
  ),
})

describe.each([
  ['the small ResNet', smallResNet({ sidePx: 32 })],
  ['MobileFaceNet', mobileFaceNet({ sidePx: 32 })],
  ['NN4.small', nn4Small({ sidePx: 32 })],
  ["Koch's twin", kochSiamese({ widths: [4, 6, 6, 8], embeddingLength: 32 })],
  ['the linear map', linearMap({ featuresLength: 20, embeddingLength: 8 })],
  ['the recognition net', { ...recognitionNet(), input: [103, 103, 3] }], // its size is free, and 150 px take seconds
])('%s', (_, network) => {
  test('is exported as it is, and takes a batch of any size', async () => {
    const values = valuesOf(network)
    const { onnx, difference } = await exportNetwork(network, values, { trained: 'never' })
    expect(difference).toBeLessThanOrEqual(exportTolerance)
    const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1 })
    for (const batch of [1, 3]) {
      const shape = [batch, ...network.input]
      const { embedding } = await session.run({
        image: new Tensor('float32', new Float32Array(shape.reduce((a, b) => a * b)).fill(100), shape),
      })
      expect(embedding!.dims).toEqual([batch, network.embeddingLength])
    }
    await session.release()
  })
})

test('the notes are in the file', async () => {
  const network = linearMap({ featuresLength: 3, embeddingLength: 2 })
  const { onnx } = await exportNetwork(network, valuesOf(network), { dataSet: 'drawn for a test' })
  const text = Buffer.from(onnx).toString('latin1')
  for (const words of ['dataSet', 'drawn for a test', 'linear-map']) expect(text).toContain(words)
})

test('an export of numbers that are none is refused', async () => {
  const network = linearMap({ featuresLength: 3, embeddingLength: 2 })
  const values = valuesOf(network)
  values.parameters['fc.weights']![0] = NaN
  await expect(exportNetwork(network, values, {})).rejects.toThrow(/fc.weights holds what is no number/)
})
