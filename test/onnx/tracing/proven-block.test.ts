import * as tf from '@tensorflow/tfjs'
import { beforeAll, expect, test } from 'vitest'
import { channelBlock } from '../../../src-main/onnx/tracing/channel-block.ts'
import { provenBlock } from '../../../src-main/onnx/tracing/proven-block.ts'

beforeAll(async () => {
  tf.enableProdMode() // no banner
  await tf.setBackend('cpu')
})

test('the block that this CPU’s kernels take is proved by a step', async () => {
  expect(await provenBlock()).toBe(await channelBlock())
})

test('a block of another size gives wrong numbers, and plain graphs are used instead', async () => {
  const block = await channelBlock()
  if (block === 0) return console.warn('this processor has no blocked kernels: not tested')
  for (const wrong of [4, 8, 16, 32].filter((size) => size !== block))
    expect(await provenBlock(async () => wrong), `a block of ${wrong}`).toBe(0)
})

test('where there are no blocked kernels nothing is tried', async () => {
  expect(await provenBlock(async () => 0)).toBe(0)
})

test('no tensor is left behind', async () => {
  const before = tf.memory().numTensors
  await provenBlock()
  expect(tf.memory().numTensors).toBe(before)
})
