import { fork } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { reportHtml, type TrainingReport } from '../../src-main/cli/train-report.ts'
import { findDataSet } from '../../src-main/cli/train-data-set.ts'
import { nearestNeighbourAccuracy } from '../../src-main/cli/train-judge.ts'
import { chooseProcessor } from '../../src-main/cli/train-processor.ts'
import { followRun } from '../../src-main/cli/train-run.ts'
import { trainingTable } from '../../src-main/cli/train-table.ts'
import { unpackOnce } from '../../src-main/cli/train-unpack.ts'
import type { Terminal } from '../../src-main/cli/terminal.ts'
import { openDataSet } from '../../src-main/training/data-sets/open-data-set.ts'
import { freshFolder } from './command-line.ts'
import { stripes, writeDigits, writeStripes, zipOf } from './train-pictures.ts'

let folder: string
beforeAll(() => void (folder = freshFolder()))

/** A terminal that remembers what was said. */
function quiet(): Terminal & { said: string[] } {
  const said: string[] = []
  return {
    onScreen: false,
    said,
    say: (line) => void said.push(line),
    progress: async () => ({ step: () => {}, say: (line) => void said.push(line), stop: () => {} }),
    ask: async () => null,
  }
}

describe('a data set is known by what lies in it', () => {
  const plain = { faces: false, part: 'training' } as const
  const noFinder = async (): Promise<never> => {
    throw new Error('no face was to be looked for')
  }
  const place = (name: string) => ({ cache: join(folder, name), terminal: quiet(), openFinder: noFinder })

  test('idx files are digits, and the test digits are kept for judging', async () => {
    const digits = join(folder, 'digits')
    writeDigits(digits, 'first', 6)
    writeDigits(digits, 't10k', 6)
    const found = await findDataSet(digits, plain, place('a'))
    expect(found).toMatchObject({
      kind: 'digits',
      description: { kind: 'mnist', labels: join(digits, 'first-labels-idx1-ubyte') },
      test: { images: join(digits, 't10k-images-idx3-ubyte') },
    })
    const alone = await findDataSet(join(digits, 't10k-images-idx3-ubyte'), plain, place('a'))
    expect(alone).toMatchObject({
      description: { images: join(digits, 't10k-images-idx3-ubyte') },
      test: null,
    })
  })

  test('Omniglot as zips, as background folders and as alphabets', async () => {
    const drawing = await stripes(1, 1, 16)
    const zip = zipOf({
      'images_background_small1/Runes/character01/1_01.png': drawing,
      'images_background_small1/Runes/character02/2_01.png': drawing,
    })
    const omniglot = join(folder, 'omniglot')
    mkdirSync(omniglot)
    writeFileSync(join(omniglot, 'images_background_small1.zip'), zip)
    writeFileSync(join(omniglot, 'all_runs.zip'), 'not asked for')
    const found = await findDataSet(omniglot, plain, place('b'))
    if (found.kind !== 'characters') throw new Error(`found ${found.kind}`)
    expect((await openDataSet(found.description)).classes).toEqual(['Runes/character01', 'Runes/character02'])

    const turned = await findDataSet(omniglot, { ...plain, turned: true }, place('b'))
    if (turned.kind !== 'characters') throw new Error(`found ${turned.kind}`)
    const four = await openDataSet(turned.description)
    expect(four.classes).toHaveLength(8)
    expect(four.classes[four.labels[2]!]).toBe('Runes/character01 90°')
    const [upright, quarter] = [await four.picture(0), await four.picture(2)]
    const at = (picture: typeof upright, row: number, column: number) => picture.rgb[(row * 16 + column) * 3]
    expect(at(quarter, 3, 15)).toBe(at(upright, 0, 3)) // clockwise: the first row becomes the last column
    expect(at(quarter, 0, 0)).toBe(at(upright, 15, 0))

    const alphabets = join(folder, 'b', 'images_background_small1', 'images_background_small1')
    expect(await findDataSet(alphabets, plain, place('c'))).toMatchObject({
      kind: 'characters',
      description: { folders: [alphabets] },
    })
  })

  test('VGGFace2 by the identity list beside it: the people of the training part, in train/', async () => {
    const root = join(folder, 'vgg')
    await writeStripes(join(root, 'n'), 2)
    for (const [i, name] of readdirSync(join(root, 'n')).entries()) {
      mkdirSync(join(root, 'train', `n00000${i}`), { recursive: true })
      for (const file of readdirSync(join(root, 'n', name)))
        writeFileSync(join(root, 'train', `n00000${i}`, file), readFileSync(join(root, 'n', name, file)))
    }
    mkdirSync(join(root, 'meta'))
    const rows = [0, 1, 2, 3].map((i) => `n00000${i}, "No, Body", 2, ${i < 3 ? 1 : 0}, f`)
    writeFileSync(
      join(root, 'meta', 'identity_meta.csv'),
      ['Class_ID, Name, Sample_Num, Flag, Gender', ...rows].join('\n'),
    )
    const found = await findDataSet(root, plain, place('d'))
    if (found.kind !== 'pictures') throw new Error(`found ${found.kind}`)
    expect((await openDataSet(found.description)).classes).toEqual(['n000000', 'n000001', 'n000002'])
  })

  test('of a folder of people the faces are cropped, and who shows none is named', async () => {
    await writeStripes(join(folder, 'people'), 2)
    const terminal = quiet()
    let looked = 0
    const crop = { width: 200, height: 200, rgb: new Uint8Array(200 * 200 * 3) }
    const found = await findDataSet(
      join(folder, 'people'),
      { faces: true, part: 'training' },
      {
        cache: join(folder, 'e'),
        terminal,
        openFinder: async () => ({ faces: async () => (looked++ === 0 ? [] : [{ crop }]) }),
      },
    )
    expect(found).toMatchObject({ kind: 'faces', description: { framing: 'kept-crop' } })
    expect(terminal.said.join('\n')).toMatch(/is left out: no face was found[^]*1 photograph left out/)
  })
})

describe('a zip', () => {
  test('that leads out of its folder is refused, and leaves nothing', async () => {
    const zip = join(folder, 'evil.zip')
    writeFileSync(zip, zipOf({ '../outside.txt': Buffer.from('x') }))
    await expect(unpackOnce(zip, join(folder, 'in', 'side'))).rejects.toThrow(/leads out of the folder/)
    expect(readdirSync(join(folder, 'in'))).not.toContain('outside.txt')
  })

  test('that is damaged is refused', async () => {
    const bytes = zipOf({ 'a.txt': Buffer.from('first'), 'b.txt': Buffer.from('stored as it is') })
    bytes[bytes.indexOf('stored as it is')]! ^= 1
    const zip = join(folder, 'damaged.zip')
    writeFileSync(zip, bytes)
    await expect(unpackOnce(zip, join(folder, 'damaged'))).rejects.toThrow(/b.txt is damaged/)
    expect(readdirSync(folder)).not.toContain('damaged')
  })
})

describe('the processor of a run', () => {
  const odd = new URL('../training/fixtures/odd-processor.ts', import.meta.url)
  const choose = async (wanted: string, behaviour: Record<string, string>) => {
    const terminal = quiet()
    const lines: unknown[] = []
    const chosen = await chooseProcessor(wanted, {
      terminal,
      line: (document) => void lines.push(document),
      startProbe: (name) =>
        fork(odd, [behaviour[name] ?? 'unavailable'], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] }),
    })
    return { chosen, lines, said: terminal.said.join('\n') }
  }

  test('falls back to the CPU loudly, with the reason', async () => {
    const { chosen, lines, said } = await choose('webgpu', { cpu: 'right', webgpu: 'wrong' })
    expect(chosen).toMatchObject({ name: 'cpu', fellBack: expect.stringContaining('wrong numbers') })
    expect(said).toContain('FALLS BACK TO THE CPU')
    expect(lines.at(-1)).toMatchObject({ kind: 'fell-back', wanted: 'webgpu', took: 'cpu' })
  })

  test('is the fastest that is right, and the others are said with their reasons', async () => {
    const { chosen, said } = await choose('auto', { cpu: 'right', webgpu: 'fast', cuda: 'crash' })
    expect(chosen).toEqual({ name: 'webgpu', fellBack: null })
    expect(said).toMatch(/not cuda does not work here: its process was ended by SIGSEGV/)
  })
})

test('a run whose process is killed is told as crashed, with what it said last', async () => {
  const start = () =>
    fork(new URL('../training/fixtures/odd-processor.ts', import.meta.url), ['crash'], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
  const ends: unknown[] = []
  for await (const message of followRun({} as never, new AbortController().signal, start)) ends.push(message)
  expect(ends).toEqual([{ kind: 'crashed', reason: 'its process was ended by SIGSEGV: driver: out of luck' }])
})

test('the table keeps twenty rows of a long run and writes over the others on a terminal', () => {
  const step = (at: number) => ({
    kind: 'step' as const,
    step: at,
    steps: 1000,
    epoch: 1,
    learningRate: 1e-3,
    measures: { loss: 0.5 },
    imagesPerSecond: 100,
    waitedMs: 0,
    remainingMs: 3_725_000,
  })
  let written = ''
  let ms = 0
  const table = trainingTable({ isTTY: true, write: (text) => (written += text) }, () => (ms += 50))
  for (let at = 1; at <= 1000; at++) table.step(step(at))
  table.stop()
  const rows = written.split('\n').filter((row) => row.includes('1:02:05'))
  expect(rows).toHaveLength(21) // the first step, and every twentieth of the run
  expect(written).toContain('\r\x1b[K')
  let plain = ''
  const elsewhere = trainingTable({ write: (text) => (plain += text) }, () => 0)
  for (let at = 1; at <= 1000; at++) elsewhere.step(step(at))
  expect(plain).not.toContain('\r')
  expect(plain.split('\n')).toHaveLength(23) // heading, rows, the end
})

test('the nearest reference decides, counted by hand', () => {
  const rows = (embeddings: number[], labels: number[]) => ({
    embeddings: Float32Array.from(embeddings),
    length: 1,
    labels: Int32Array.from(labels),
  })
  expect(nearestNeighbourAccuracy(rows([0.4, 0.6, 5], [0, 0, 1]), rows([0, 1, 4], [0, 1, 1]))).toBe(2 / 3)
})

test('names in a report are text, not markup', () => {
  const report = {
    description: {
      network: { name: 'small-res-net' },
      depth: 'all',
      from: { kind: 'scratch' },
      loss: { id: 'triplet' },
      dataSet: { kind: 'folder-per-class', folder: '</pre><script>alert(1)</script>' },
      seed: 1,
    },
    curves: [],
    processor: { name: 'cpu', device: '<b>', fellBack: 'no & none' },
    classes: 2,
    pictures: 4,
    judgement: null,
  } as unknown as TrainingReport
  const html = reportHtml(report)
  expect(html).not.toContain('<script>')
  expect(html).not.toContain('<b>)')
  expect(html).toContain('no &#38; none')
})
