import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import * as tf from '@tensorflow/tfjs'
import * as faceapi from '@vladmandic/face-api/dist/face-api.esm-nobundle.js'
import { beforeAll, expect, test } from 'vitest'
import {
  inference,
  parameterCount,
  size,
  stagesAtDepth,
} from '../../../src-main/learning/networks/network.ts'
import { recognitionNet } from '../../../src-main/learning/networks/recognition-net.ts'
import { recognitionWeights } from '../../../src-main/learning/networks/recognition-weights.ts'
import { random } from '../../../src-main/learning/random.ts'
import { tensorsOf } from '../tensors.ts'

const model = (file: string) =>
  createRequire(import.meta.url)
    .resolve('@vladmandic/face-api')
    .replace(/dist.*$/, `model/${file}`)
const readPublished = async () => ({
  manifest: JSON.parse(await readFile(model('face_recognition_model-weights_manifest.json'), 'utf8')),
  bytes: await readFile(model('face_recognition_model.bin')),
})

beforeAll(() => tf.setBackend('cpu'))

test('gives the embedding that face-api gives with the same weights', async () => {
  const { manifest, bytes } = await readPublished()
  const network = recognitionNet()
  const values = recognitionWeights(manifest, bytes)
  const source = random(1, 'image')
  // 150 px costs TensorFlow.js cpu many seconds; from 107 px every shape is odd and even in turn and the map is padded
  const pixels = Float32Array.from({ length: 107 * 107 * 3 }, () => Math.floor(256 * source.uniform()))
  const images = tf.tensor4d(pixels, [1, 107, 107, 3])

  const theirs = new faceapi.FaceRecognitionNet()
  const map = tf.io.decodeWeights(
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer,
    manifest[0].weights,
  )
  theirs.loadFromWeightMap(map as never) // typed by another path to the same package
  const input = Object.create(faceapi.NetInput.prototype, { toBatchTensor: { value: () => images } })
  const expected = (theirs.forwardInput(input) as unknown as tf.Tensor).dataSync()

  const tensors = tensorsOf(network.parameters, values)
  const { embedding, features } = network.forward(tensors, {}, images, inference)
  expect(embedding.shape).toEqual([1, 128])
  expect(features.shape).toEqual([1, 256])
  const ours = embedding.dataSync()
  const largest = Math.max(...ours.map((value, i) => Math.abs(value - expected[i]!)))
  expect(Math.hypot(...expected)).toBeGreaterThan(0.5)
  expect(largest).toBeLessThan(1e-5)
})

test('every parameter has a published value of its size, and the bytes must fit the manifest', async () => {
  const { manifest, bytes } = await readPublished()
  const values = recognitionWeights(manifest, bytes)
  const network = recognitionNet()
  expect(Object.keys(values).sort()).toEqual(network.parameters.map(({ name }) => name).sort())
  for (const { name, shape } of network.parameters) expect(values[name]).toHaveLength(size(shape))
  const numbers = (manifest[0].weights as { name: string; shape: number[] }[])
    .filter(({ name }) => !name.endsWith('/conv/bias')) // folded into the shift that follows
    .reduce((sum, { shape }) => sum + size(shape), 0)
  expect(parameterCount(network)).toBe(numbers)
  expect(() => recognitionWeights(manifest, bytes.subarray(0, bytes.length - 1))).toThrow(/bytes/)
})

test('the depths train the head, the last stage with it, or everything', () => {
  const network = recognitionNet()
  expect(stagesAtDepth(network, 'head')).toEqual(['head'])
  expect(stagesAtDepth(network, 'stage')).toEqual(['conv256', 'head'])
  expect(stagesAtDepth(network, 'all')).toEqual(['conv32', 'conv64', 'conv128', 'conv256', 'head'])
})
