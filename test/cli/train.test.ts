import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { InferenceSession } from 'onnxruntime-node'
import { beforeAll, describe, expect, test } from 'vitest'
import { stagesAtDepth } from '../../src-main/learning/networks/network.ts'
import { networkOf, type RunDescription } from '../../src-main/training/run-description.ts'
import { readTensorFile } from '../../src-main/training/tensor-file.ts'
import { freshFolder, semblance } from './command-line.ts'
import { writeDigits, writeStripes } from './train-pictures.ts'

const entry = join(import.meta.dirname, '../../src-main/cli/semblance.js')
let folder: string
const to = (name: string) => join(folder, name)
const pictures = () => to('stripes')
const small = [
  '--no-faces',
  '--network',
  'small-res-net',
  '--side',
  '16',
  '--processor',
  'cpu',
  '--threads',
  '1',
]
const few = ['--people-per-batch', '4', '--photos-per-person', '2', '--epochs', '1', '--augment', 'none']

beforeAll(async () => {
  folder = freshFolder()
  await writeStripes(pictures())
})

const linesOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; [key: string]: unknown })

describe('semblance train', () => {
  test('leaves network, checkpoint and report, and tells every event as a line of JSON', async () => {
    const run = await semblance(['train', pictures(), ...small, ...few, '--out', to('whole'), '--json'])
    expect(run.stderr).toContain('24 pictures of 4 classes')
    expect(run.code).toBe(0)
    const events = linesOf(run.stdout)
    expect(events.map(({ kind }) => kind)).toEqual([
      ...['on', 'begun', 'phase', 'step', 'step', 'step', 'checkpoint', 'finished', 'written'],
    ])
    expect(events.find(({ kind }) => kind === 'step')).toMatchObject({
      measures: { loss: expect.any(Number), gradientNorm: expect.any(Number) },
    })
    const html = readFileSync(join(to('whole'), 'report.html'), 'utf8')
    expect(html).toContain('<polyline')
    expect(html).not.toMatch(/https?:|<script|src=/) // it loads nothing
    const report = JSON.parse(readFileSync(join(to('whole'), 'report.json'), 'utf8'))
    expect(report).toMatchObject({ classes: 4, pictures: 24, processor: { name: 'cpu', fellBack: null } })
    expect(report.curves).toHaveLength(3)
    const session = await InferenceSession.create(join(to('whole'), 'trained.onnx'), { intraOpNumThreads: 1 })
    expect(session.outputNames).toContain('embedding')
    await session.release()
  })

  test.each(['head', 'stage', 'all'] as const)(
    'depth %s changes its own layers and no others',
    async (depth) => {
      const from = join(to('whole'), 'trained.safetensors')
      const run = await semblance([
        ...['train', pictures(), '--no-faces', '--processor', 'cpu', '--threads', '1', ...few],
        ...[
          '--from',
          from,
          '--depth',
          depth,
          '--distil',
          '0',
          '--loss',
          'triplet-soft-margin',
          '--learning-rate',
          '0.01',
          '--out',
          to(depth),
        ],
      ])
      // A loss that never reaches zero: at zero only weight decay would move anything.
      expect(run.stderr).not.toContain('Refused')
      expect(run.code).toBe(0)
      const [before, after] = [
        await readTensorFile(from),
        await readTensorFile(join(to(depth), 'trained.safetensors')),
      ]
      const network = networkOf(JSON.parse(before.notes.network!) as RunDescription['network'])
      const trained = new Set(stagesAtDepth(network, depth))
      const owners = [...network.parameters, ...network.statistics]
      expect(owners).toHaveLength(Object.keys(after.tensors).length)
      for (const { name, stage } of owners) {
        const isSame = Buffer.from(after.tensors[name]!.buffer).equals(
          Buffer.from(before.tensors[name]!.buffer),
        )
        expect(isSame, `${name} of ${stage}`).toBe(!trained.has(stage))
      }
    },
  )

  test('Ctrl+C ends it within a second, and --resume comes to the same bytes as a run that was left alone', async () => {
    const words = ['train', pictures(), ...small, ...few, '--epochs', '12', '--checkpoint-every', '3']
    const out = to('cancelled')
    const child = spawn(process.execPath, [entry, ...words, '--out', out, '--json'], { stdio: 'pipe' })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    let cancelledAt = 0
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (cancelledAt || !text.includes('"checkpoint"')) return
      cancelledAt = performance.now()
      child.kill('SIGINT')
    })
    const code = await new Promise((resolve) => child.once('exit', resolve))
    expect(performance.now() - cancelledAt).toBeLessThan(1000)
    expect(code).toBe(2)
    expect(said).toMatch(/Cancelled after step \d+\. The checkpoint of step \d+ is whole/)
    expect(existsSync(join(out, 'trained.onnx'))).toBe(false)

    const refused = await semblance([...words, '--out', out])
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('holds a run already') })
    const resumed = await semblance([...words, '--out', out, '--resume'])
    expect(resumed.code).toBe(0)
    expect(resumed.stderr).toMatch(/going on after step \d+/)
    expect((await semblance([...words, '--out', to('alone')])).code).toBe(0)
    for (const file of ['trained.onnx', 'trained.safetensors'])
      expect(readFileSync(join(out, file)).equals(readFileSync(join(to('alone'), file))), file).toBe(true)
  })

  test('MNIST’s files are judged by the test digits beside them, two dimensions drawn as a map', async () => {
    writeDigits(to('digits'), 'train', 60)
    writeDigits(to('digits'), 't10k', 30)
    const out = to('digits-out')
    const run = await semblance([
      ...[
        'train',
        to('digits'),
        '--processor',
        'cpu',
        '--threads',
        '1',
        '--embedding-length',
        '2',
        '--side',
        '12',
      ],
      ...['--people-per-batch', '3', '--photos-per-person', '4', '--epochs', '10', '--out', out],
    ])
    expect(run.stderr).toContain('60 pictures of 3 classes')
    expect(run.code).toBe(0)
    expect(run.stdout).toContain('On 30 pictures not trained on: the nearest training picture')
    const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'))
    expect(report.judgement.nearestNeighbour.accuracy).toBeGreaterThan(0.9) // by chance a third
    expect(report.judgement.map.x).toHaveLength(30)
    expect(readFileSync(join(out, 'report.html'), 'utf8').match(/<circle/g)).toHaveLength(30)
  })

  test('says before anything runs what is not possible', async () => {
    const refusal = async (...words: string[]) => {
      const { code, stderr } = await semblance(['train', pictures(), ...small, '--out', to('no'), ...words])
      expect(code).toBe(2)
      expect(existsSync(to('no'))).toBe(false)
      return stderr
    }
    expect(await refusal('--loss', 'tripelt')).toContain('no loss is called tripelt; there are triplet,')
    // also before the pictures are looked for: those of people are cropped into the run's folder
    const early = await semblance(['train', to('nowhere'), '--loss', 'tripelt', '--out', to('no')])
    expect(early.stderr).toContain('no loss is called tripelt')
    expect(existsSync(to('no'))).toBe(false)
    expect(await refusal('--set', 'margins=1')).toContain('triplet has no setting margins')
    expect(await refusal('--people-per-batch', '5')).toContain('there are 4')
    expect(await refusal('--judge', pictures())).toContain('not trained on')
    expect(await refusal('--processor', 'abacus')).toContain('There is no processor abacus')
  })
})

test('semblance losses lists every method with formula and source', async () => {
  const { code, json } = await semblance(['losses', '--json'])
  expect(code).toBe(0)
  const { losses, miners } = json as {
    losses: { id: string; formula: string; source: string }[]
    miners: { id: string; formula: string; source: string }[]
  }
  expect(losses.length).toBeGreaterThan(40)
  for (const { id, formula, source } of [...losses, ...miners]) {
    expect(formula.length, id).toBeGreaterThan(4)
    expect(source, id).toMatch(/\d{4}|pytorch-metric-learning|pairs|triplets/)
  }
})
