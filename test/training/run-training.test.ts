import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { InferenceSession } from 'onnxruntime-node'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rankings } from '../../src-main/learning/retrieval/ranking.ts'
import { retrievalReport } from '../../src-main/learning/retrieval/measures.ts'
import { random } from '../../src-main/learning/random.ts'
import { openDataSet } from '../../src-main/training/data-sets/open-data-set.ts'
import { embedDataSet } from '../../src-main/training/embed.ts'
import { characterAugmentation } from '../../src-main/training/feeding/augmentation.ts'
import { eagerRunner } from '../../src-main/training/eager-runner.ts'
import {
  defaultOptimiser,
  networkOf,
  scheduleOf,
  type RunDescription,
} from '../../src-main/training/run-description.ts'
import { runTraining, type RunEvent, type RunPlace } from '../../src-main/training/run-training.ts'
import { readTensorFile } from '../../src-main/training/tensor-file.ts'

let folder: string
let description: RunDescription

/** Stripes of another direction for each class, with noise. */
beforeAll(async () => {
  await tf.setBackend('cpu')
  folder = await mkdtemp(join(tmpdir(), 'run-'))
  const side = 16
  for (const [label, name] of ['flat', 'steep', 'upright', 'falling'].entries()) {
    await mkdir(join(folder, 'shapes', name), { recursive: true })
    for (let file = 0; file < 6; file++) {
      const source = random(1, name, file)
      const angle = (Math.PI * label) / 4
      const pixels = Uint8Array.from({ length: side * side }, (_, i) => {
        const along = (i % side) * Math.cos(angle) + Math.floor(i / side) * Math.sin(angle)
        return 127 + 80 * Math.sin(along * 1.3 + 6 * source.uniform() * 0.05) + 15 * source.normal()
      })
      await sharp(pixels, { raw: { width: side, height: side, channels: 1 } })
        .png()
        .toFile(join(folder, 'shapes', name, `${file}.png`))
    }
  }
  description = {
    dataSet: { kind: 'folder-per-class', folder: join(folder, 'shapes') },
    network: { name: 'small-res-net', sidePx: 16, channels: 1, widths: [4, 8], embeddingLength: 8 },
    from: { kind: 'scratch' },
    depth: 'all',
    loss: { id: 'triplet', miner: 'facenet-semi-hard' },
    optimiser: { ...defaultOptimiser, warmUpSteps: 2, learningRate: 0.01 },
    sampler: { kind: 'people-and-photographs', people: 4, photographs: 2 },
    augmentation: characterAugmentation,
    epochs: 6,
    seed: 1,
  }
})
afterAll(() => rm(folder, { recursive: true }))

const place = (out: string, settings: Partial<RunPlace> = {}): RunPlace => ({
  out: join(folder, out),
  resume: false,
  openRunner: eagerRunner,
  feedThread: new URL('../../src-main/training/feeding/feed-thread.ts', import.meta.url),
  checkpointEverySteps: 4,
  ...settings,
})

async function finish(run: AsyncGenerator<RunEvent>): Promise<RunEvent[]> {
  const events: RunEvent[] = []
  for await (const event of run) events.push(event)
  return events
}
const bytes = (out: string, file: string) => readFile(join(folder, out, file))

describe('a run', () => {
  test('leaves network, checkpoint and curves, and the network has learnt to tell classes apart', async () => {
    const events = await finish(runTraining(description, place('whole')))
    expect(events[0]).toMatchObject({ kind: 'begun', classes: 4, steps: 6, stepsPerEpoch: 1, from: 0 })
    expect(events.at(-1)).toMatchObject({ kind: 'finished', onnx: join(folder, 'whole', 'trained.onnx') })
    const left = ['checkpoint.safetensors', 'report.json', 'trained.onnx', 'trained.safetensors']
    expect((await readdir(join(folder, 'whole'))).sort()).toEqual(left)
    const report = JSON.parse((await bytes('whole', 'report.json')).toString())
    expect(report.curves.map(({ step }: { step: number }) => step)).toEqual([1, 2, 3, 4, 5, 6])
    expect(report.description).toEqual(JSON.parse(JSON.stringify(description)))
    expect(report.exported.difference).toBeLessThanOrEqual(1e-5)

    const set = await openDataSet(description.dataSet)
    const network = networkOf(description.network)
    const embedded = await embedDataSet(await bytes('whole', 'trained.onnx'), network, set)
    expect(embedded.embeddings).toHaveLength(24 * 8)
    expect(retrievalReport(rankings(embedded), [1]).recallAt[1]).toBeGreaterThan(0.7) // by chance: 5 of 23
  })

  test('that is killed goes on from its checkpoint to the same bytes and the same curves', async () => {
    for await (const event of runTraining(description, place('stopped')))
      if (event.kind === 'step' && event.step === 5) break
    const events = await finish(runTraining(description, place('stopped', { resume: true })))
    expect(events[0]).toMatchObject({ kind: 'begun', from: 4 })
    for (const file of ['trained.onnx', 'trained.safetensors', 'checkpoint.safetensors'])
      expect((await bytes('stopped', file)).equals(await bytes('whole', file)), file).toBe(true)
    const curves = async (out: string) =>
      JSON.parse((await bytes(out, 'report.json')).toString()).curves.map(
        ({ step, measures }: { step: number; measures: unknown }) => ({ step, measures }),
      )
    expect(await curves('stopped')).toEqual(await curves('whole'))
  })

  test('does not go on with the checkpoint of other settings', async () => {
    const other = runTraining({ ...description, seed: 2 }, place('whole', { resume: true }))
    await expect(finish(other)).rejects.toThrow(/other settings/)
  })

  test('starts from the file of another, with distillation to it, and trains the head alone', async () => {
    const file = join(folder, 'whole', 'trained.safetensors')
    const next: RunDescription = {
      ...description,
      from: { kind: 'file', file },
      depth: 'head',
      epochs: 2,
      loss: { id: 'triplet', regularisers: [{ id: 'similarity-distillation', weight: 3 }] },
      memory: { size: 16 },
    }
    const events = await finish(runTraining(next, place('head')))
    expect(events.find(({ kind }) => kind === 'phase')).toMatchObject({ trainedStages: ['head'] })
    const [before, after] = [
      await readTensorFile(file),
      await readTensorFile(join(folder, 'head', 'trained.safetensors')),
    ]
    for (const [name, values] of Object.entries(after.tensors))
      expect(Buffer.from(values.buffer).equals(Buffer.from(before.tensors[name]!.buffer)), name).toBe(
        !name.startsWith('embedding.'),
      )
    const written = await bytes('head', 'trained.onnx')
    const session = await InferenceSession.create(written)
    expect(session.inputNames).toEqual(['image'])
    await session.release()

    // Resumed at its end: no step, and the same file again.
    const again = await finish(runTraining(next, place('head', { resume: true })))
    expect(again.map(({ kind }) => kind)).toEqual(['begun', 'finished'])
    expect((await bytes('head', 'trained.onnx')).equals(written)).toBe(true)
  })

  test('says what it cannot follow, before it begins a folder', async () => {
    const refused = (changed: Partial<RunDescription>) =>
      finish(runTraining({ ...description, ...changed }, place('no')))
    await expect(refused({ loss: { id: 'tripelt' } })).rejects.toThrow(/no loss is called tripelt/)
    await expect(refused({ from: { kind: 'pretrained', folder: 'x' } })).rejects.toThrow(
      /no pre-trained weights/,
    )
    await expect(refused({ network: { name: 'mobile-face-net', sidePx: 40 } })).rejects.toThrow(
      /multiple of 16/,
    )
    const file = join(folder, 'whole', 'trained.safetensors')
    const other = { network: { name: 'nn4-small' } as const, from: { kind: 'file', file } as const }
    await expect(refused(other)).rejects.toThrow(/it is of another network/)
    expect(await readdir(folder)).not.toContain('no')
  })

  test('tells in the network’s files how it was trained, but neither a folder nor the name of a class', async () => {
    const classes = ['flat', 'steep', 'upright']
    const sampler = { kind: 'people-and-photographs' as const, people: 3, photographs: 2 }
    await finish(runTraining({ ...description, classes, sampler, epochs: 1 }, place('told')))
    for (const file of ['trained.onnx', 'trained.safetensors']) {
      const text = (await bytes('told', file)).toString('latin1')
      expect(text, file).toContain('facenet-semi-hard')
      expect(text, file).toContain('folder-per-class')
      for (const private_ of [folder, tmpdir(), 'shapes', ...classes])
        expect(text, file).not.toContain(private_)
    }
  })
})

test('the learning rate follows epochs', () => {
  const schedule = scheduleOf(
    { ...defaultOptimiser, learningRate: 1, warmUpSteps: 5, schedule: { tenthAtEpochs: [2, 3] } },
    40,
    10,
  )
  expect([0, 4, 19, 20, 29, 30].map(schedule)).toEqual(
    [0.2, 1, 1, 0.1, 0.1, 0.01].map((v) => expect.closeTo(v, 9)),
  )
})
