import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadModel, ModelRefused, sha256 } from '../../src-main/onnx/model-store.ts'
import { openSession } from '../../src-main/onnx/session.ts'
import { traceFunction } from '../../src-main/onnx/tracing/trace.ts'

let folder: string
let model: Uint8Array

beforeEach(async () => {
  tf.enableProdMode() // no banner
  await tf.setBackend('cpu')
  folder = await mkdtemp(join(tmpdir(), 'model-store-'))
  model = traceFunction(({ x }) => ({ y: x!.mul(2) }), [{ name: 'x', shape: [2] }]).model
  await writeFile(join(folder, 'double.onnx'), model)
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ double: { sha256: sha256(model) } }))
})
afterEach(() => rm(folder, { recursive: true }))

test('a model that is what the manifest says is loaded, and runs from its bytes and from its path', async () => {
  const { bytes } = await loadModel(folder, 'double')
  expect(Buffer.from(bytes).equals(Buffer.from(model))).toBe(true)
  for (const source of [bytes, join(folder, 'double.onnx')]) {
    const session = await openSession(source, { processor: 'cpu', threads: 1 })
    expect([session.inputNames, session.outputNames]).toEqual([['x'], ['y']])
    await session.release()
  }
})

test('one altered byte is enough to refuse a model, by name', async () => {
  const altered = Uint8Array.from(model)
  altered[altered.length - 20]! ^= 1
  await writeFile(join(folder, 'double.onnx'), altered)
  await expect(loadModel(folder, 'double')).rejects.toThrow(ModelRefused)
  await expect(loadModel(folder, 'double')).rejects.toThrow(/"double".*differs/)
})

test('a model that is missing or unknown is refused by name too', async () => {
  await rm(join(folder, 'double.onnx'))
  await expect(loadModel(folder, 'double')).rejects.toThrow(/"double" is missing/)
  await expect(loadModel(folder, 'triple')).rejects.toThrow(/no model "triple"/)
})

test('bytes that are no model are refused in ONNX Runtime’s words', async () => {
  await expect(openSession(Uint8Array.of(1, 2, 3), { processor: 'cpu', threads: 1 })).rejects.toThrow(
    /protobuf|parse/i,
  )
})
