import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkpointPath, loadCheckpoint, saveCheckpoint } from '../../src-main/training/checkpoint.ts'
import { readTensorFile } from '../../src-main/training/tensor-file.ts'

let folder: string
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'checkpoint-'))))
afterEach(() => rm(folder, { recursive: true }))

const checkpoint = {
  stepsDone: 12,
  settings: '{"seed":1}',
  state: {
    weights: Float32Array.of(1.5, -2, Math.fround(0.1)),
    'firstMoment.weights': Float32Array.of(0, 1e-30, 3),
  },
}

test('comes back bit for bit, and nothing is left beside it', async () => {
  await saveCheckpoint(folder, checkpoint)
  await saveCheckpoint(folder, checkpoint)
  expect(await loadCheckpoint(folder, checkpoint.settings)).toEqual(checkpoint)
  expect(await readdir(folder)).toEqual(['checkpoint.safetensors'])
})

test('is not there before it is saved, and belongs to its settings', async () => {
  expect(await loadCheckpoint(folder, 'any')).toBeNull()
  await saveCheckpoint(folder, checkpoint)
  await expect(loadCheckpoint(folder, '{"seed":2}')).rejects.toThrow(/other settings: {"seed":1}/)
})

test('a write that fails leaves the one before it whole', async () => {
  await saveCheckpoint(folder, checkpoint)
  await mkdir(`${checkpointPath(folder)}.partial`) // in the way of the next one
  const next = { ...checkpoint, stepsDone: 13 }
  await expect(saveCheckpoint(folder, next)).rejects.toThrow(/EISDIR/)
  expect(await loadCheckpoint(folder, checkpoint.settings)).toEqual(checkpoint)
})

test('a file cut short or of another kind is refused', async () => {
  await saveCheckpoint(folder, checkpoint)
  const path = checkpointPath(folder)
  await truncate(path, (await readFile(path)).length - 3)
  await expect(readTensorFile(path)).rejects.toThrow(/cut short/)
  await writeFile(path, 'no')
  await expect(readTensorFile(path)).rejects.toThrow(/no tensor file/)
})

test('is a safetensors file as its format says', async () => {
  await saveCheckpoint(folder, checkpoint)
  const bytes = await readFile(checkpointPath(folder))
  const length = Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length))
  expect(length % 8).toBe(0)
  expect(header.weights).toEqual({ dtype: 'F32', shape: [3], data_offsets: [0, 12] })
  expect(header['firstMoment.weights'].data_offsets).toEqual([12, 24])
  expect(header.__metadata__).toEqual({ stepsDone: '12', settings: checkpoint.settings })
  expect(bytes.readFloatLE(8 + length + 4)).toBe(-2)
})
