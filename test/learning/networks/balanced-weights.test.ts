import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import * as tf from '@tensorflow/tfjs'
import { beforeAll, expect, test } from 'vitest'
import { balancedWeights } from '../../../src-main/learning/networks/balanced-weights.ts'
import type { Values } from '../../../src-main/learning/networks/initialise.ts'
import { inference } from '../../../src-main/learning/networks/network.ts'
import { recognitionNet } from '../../../src-main/learning/networks/recognition-net.ts'
import { recognitionWeights } from '../../../src-main/learning/networks/recognition-weights.ts'
import { random } from '../../../src-main/learning/random.ts'
import { tensorsOf } from '../tensors.ts'

const network = recognitionNet()
const filters = network.parameters
  .map(({ name }) => name)
  .filter((name) => name.endsWith('.weights') && name !== 'fc.weights')
let before: Values
let balanced: Values

beforeAll(async () => {
  await tf.setBackend('cpu')
  const model = (what: string) =>
    createRequire(import.meta.url)
      .resolve('@vladmandic/face-api')
      .replace(/dist.*$/, `model/face_recognition_model${what}`)
  const manifest: unknown = JSON.parse(await readFile(model('-weights_manifest.json'), 'utf8'))
  before = recognitionWeights(manifest, await readFile(model('.bin')))
  balanced = balancedWeights(network, before)
})

test('no embedding changes by a bit', () => {
  const source = random(1, 'image')
  const pixels = Float32Array.from({ length: 75 * 75 * 3 }, () => Math.floor(256 * source.uniform()))
  const images = tf.tensor4d(pixels, [1, 75, 75, 3])
  const embedded = (values: Values) =>
    network.forward(tensorsOf(network.parameters, values), {}, images, inference).embedding.dataSync()
  expect(embedded(balanced)).toEqual(embedded(before))
})

test('filters are of one size within a factor of the root of two to either side, where they were thirty times apart', () => {
  const sizes = (values: Values) =>
    filters.map((name) => {
      let squares = 0
      for (const value of values[name]!) squares += value * value
      return Math.sqrt(squares / values[name]!.length)
    })
  const published = sizes(before)
  expect(Math.max(...published) / Math.min(...published)).toBeGreaterThan(25)
  for (const size of sizes(balanced)) expect(Math.abs(Math.log2(size / 0.02))).toBeLessThanOrEqual(0.5 + 1e-6)
})

test('balancing twice changes nothing, and neither the shifts nor the last layer are touched', () => {
  expect(balancedWeights(network, balanced)).toEqual(balanced)
  for (const { name } of network.parameters)
    if (name.endsWith('.shift') || name === 'fc.weights') expect(balanced[name]).toBe(before[name])
})

test('a filter of zeros stays as it is', () => {
  const nothing = { 'a.weights': new Float32Array(4), 'a.scale': Float32Array.of(3) }
  const parameters = [{ name: 'a.weights' }, { name: 'a.scale' }] as unknown as typeof network.parameters
  expect(balancedWeights({ parameters }, nothing)).toEqual(nothing)
})
