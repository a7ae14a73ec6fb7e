import { fork, type ChildProcess } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { random } from '../../src-main/learning/random.ts'
import { noAugmentation } from '../../src-main/training/feeding/augmentation.ts'
import { defaultOptimiser, type RunDescription } from '../../src-main/training/run-description.ts'
import type { RunMessage, RunOrder } from '../../src-main/training/run-process.ts'

const entry = new URL('../../src-main/training/run-process.ts', import.meta.url)
let folder: string
let description: RunDescription

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'process-'))
  for (const name of ['a', 'b', 'c', 'd']) {
    await mkdir(join(folder, 'set', name), { recursive: true })
    for (const file of [1, 2, 3]) {
      const source = random(1, name, file)
      const pixels = Uint8Array.from({ length: 32 * 32 }, () => 256 * source.uniform())
      await sharp(pixels, { raw: { width: 32, height: 32, channels: 1 } })
        .png()
        .toFile(join(folder, 'set', name, `${file}.png`))
    }
  }
  description = {
    dataSet: { kind: 'folder-per-class', folder: join(folder, 'set') },
    network: { name: 'small-res-net', sidePx: 32, channels: 1, widths: [8, 16], embeddingLength: 8 },
    from: { kind: 'scratch' },
    depth: 'all',
    loss: { id: 'triplet' },
    optimiser: { ...defaultOptimiser, warmUpSteps: 2 },
    sampler: { kind: 'people-and-photographs', people: 4, photographs: 2 },
    augmentation: noAugmentation,
    epochs: 12,
    seed: 1,
  }
})
afterAll(() => rm(folder, { recursive: true }))

/** Starts a run in its process; `hear` may end it. */
function run(
  order: Partial<RunOrder> & { out: string },
  hear: (message: RunMessage, child: ChildProcess) => void = () => {},
) {
  return new Promise<RunMessage[]>((give) => {
    const child = fork(entry, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    const messages: RunMessage[] = []
    child.on('message', (message) => {
      messages.push(message as RunMessage)
      hear(message as RunMessage, child)
    })
    child.on('close', () => give(messages))
    const whole: RunOrder = {
      description,
      resume: false,
      processor: 'cpu',
      threads: 1,
      checkpointEverySteps: 4,
      ...order,
    }
    child.send({ ...whole, out: join(folder, order.out) })
  })
}
const bytes = (out: string, file: string) => readFile(join(folder, out, file))

test('a run killed without warning goes on from its last checkpoint to the same network, bit for bit', async () => {
  const whole = await run({ out: 'whole' })
  expect(whole.at(-1)).toMatchObject({ kind: 'finished' })
  expect(whole[0]).toMatchObject({ kind: 'on' })

  const killed = await run({ out: 'killed' }, (message, child) => {
    if (message.kind === 'step' && message.step === 6) child.kill('SIGKILL')
  })
  expect(killed.some(({ kind }) => kind === 'finished')).toBe(false)
  const resumed = await run({ out: 'killed', resume: true })
  const begun = resumed.find((message) => message.kind === 'begun')
  expect(begun?.from).toBeGreaterThanOrEqual(4) // the process may have gone on while the news of step 6 travelled
  for (const file of ['trained.onnx', 'trained.safetensors', 'checkpoint.safetensors'])
    expect((await bytes('killed', file)).equals(await bytes('whole', file)), file).toBe(true)
})

test('what goes wrong is told in a sentence before the process ends', async () => {
  const messages = await run({ out: 'wrong', description: { ...description, loss: { id: 'tripelt' } } })
  expect(messages.at(-1)).toMatchObject({
    kind: 'failed',
    message: expect.stringContaining('no loss is called'),
  })
})
