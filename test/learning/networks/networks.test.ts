import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import { kochSiamese } from '../../../src-main/learning/networks/koch-siamese.ts'
import { linearMap } from '../../../src-main/learning/networks/linear-map.ts'
import { mobileFaceNet } from '../../../src-main/learning/networks/mobile-face-net.ts'
import { inference, network, parameterCount } from '../../../src-main/learning/networks/network.ts'
import { nn4Small } from '../../../src-main/learning/networks/nn4-small.ts'
import { smallResNet } from '../../../src-main/learning/networks/small-res-net.ts'
import { stage } from '../../../src-main/learning/layers/composition.ts'
import { linear } from '../../../src-main/learning/layers/linear.ts'
import { initialParameters } from '../../../src-main/learning/networks/initialise.ts'
import { initialTensors } from '../tensors.ts'

beforeAll(() => tf.setBackend('cpu'))

const images = (shape: number[]) =>
  tf.tidy(() =>
    tf.range(0, tf.util.sizeFromShape(shape)).mul(0.37).sin().add(1).mul(127).reshape<tf.Tensor>(shape),
  )

describe('sizes known from outside', () => {
  test('MobileFaceNet has the 0.99 million parameters of the paper, beside the slopes of its activations', () => {
    const counted = mobileFaceNet().parameters.filter(({ name }) => !name.endsWith('.slope'))
    const millions = counted.reduce((sum, { shape }) => sum + tf.util.sizeFromShape([...shape]), 0) / 1e6
    expect(Math.floor(100 * millions) / 100).toBe(0.99)
  })

  test("NN4.small2 has OpenFace's 3,733,968 once each convolution gets back its bias", () => {
    const network = nn4Small()
    const biases = network.parameters
      .filter(({ shape }) => shape.length === 4)
      .reduce((sum, { shape }) => sum + shape[0]!, 0)
    expect(parameterCount(network) + biases).toBe(3_733_968)
  })

  test("Koch's twin has the weights of figure 4", () => {
    // 64·(10·10·1 + 1) + 128·(7·7·64 + 1) + 128·(4·4·128 + 1) + 256·(4·4·128 + 1) + 4096·(9216 + 1)
    expect(parameterCount(kochSiamese())).toBe(38_947_648)
  })
})

describe.each([
  ['MobileFaceNet', mobileFaceNet({ sidePx: 32, embeddingLength: 16 })],
  ['the small ResNet', smallResNet({ sidePx: 28, channels: 1, widths: [4, 8], embeddingLength: 6 })],
  ['NN4.small', nn4Small({ sidePx: 32, embeddingLength: 8 })],
  ["Koch's twin", kochSiamese({ widths: [4, 6, 6, 8], embeddingLength: 8 })],
  ['the linear map', linearMap({ featuresLength: 12, embeddingLength: 5 })],
] as const)('%s', (_, network) => {
  const batch = network.name === 'koch-siamese' ? 1 : 2

  test('turns a batch of its input shape into embeddings of its length, and leaves no tensor behind', () => {
    const { parameters, statistics } = initialTensors(network)
    const x = images([batch, ...network.input])
    const before = tf.memory().numTensors
    const { embedding, features } = tf.tidy(() => {
      const { embedding, features } = network.forward(parameters, statistics, x, inference)
      return { embedding, features }
    })
    expect(embedding.shape).toEqual([batch, network.embeddingLength])
    expect(features.shape[0]).toBe(batch)
    expect([...embedding.dataSync()].every(Number.isFinite)).toBe(true)
    tf.dispose([embedding, features])
    expect(tf.memory().numTensors).toBe(before + (features === x ? -1 : 0))
  })

  test('hands over running statistics of the stages in training and of no others', () => {
    const { parameters, statistics } = initialTensors(network)
    const last = new Set([network.stages.at(-1)!])
    const { statistics: updated } = tf.tidy(() => {
      const { statistics: s } = network.forward(parameters, statistics, images([batch, ...network.input]), {
        trainingStages: last,
      })
      return { statistics: s }
    })
    const expected = network.statistics.filter(({ stage }) => last.has(stage)).map(({ name }) => name)
    expect(Object.keys(updated).sort()).toEqual(expected.sort())
    tf.dispose(updated)
  })
})

test('the start is the same under the same seed and another under another', () => {
  const { parameters } = smallResNet({ widths: [4, 8] })
  const [first, again, other] = [7, 7, 8].map((seed) => initialParameters(parameters, seed))
  expect(first).toEqual(again)
  expect(first!['stem.weights']).not.toEqual(other!['stem.weights'])
  expect(first!['stem.scale']!.every((value) => value === 1)).toBe(true)
})

test('a start drawn for rectifiers has the variance 2 / fan-in', () => {
  const { parameters } = mobileFaceNet()
  const weights = initialParameters(parameters, 3)['wide.weights']! // 512 × 128 × 1 × 1
  const variance = weights.reduce((sum, w) => sum + w * w, 0) / weights.length
  expect(variance).toBeCloseTo(2 / 128, 3)
})

test('two tensors of one name are refused', () => {
  const twice = () =>
    network({ name: 'n', source: '', input: [2], embeddingLength: 2 }, [
      stage('a', linear('fc', 2, 2)),
      stage('b', linear('fc', 2, 2)),
    ])
  expect(twice).toThrow(/two tensors are named fc.weights/)
})
