import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import type { RetrainWish } from '../../../src-main/contract.ts'
import type { Engine } from '../../../src-main/engine.ts'
import type { Parts } from '../../../src-main/engine/parts.ts'
import { usualWish } from '../../../src-main/engine/retraining/options.ts'
import { defaultHeadRecipe } from '../../../src-main/training/gallery-run/head/head-recipe.ts'
import { drawnGallery, openEngine, runTold } from './drawn-gallery.ts'

const wish = (changed: Partial<RetrainWish> = {}): RetrainWish => ({ ...usualWish, steps: 20, ...changed })

let open: { engine: Engine; parts: Parts }[] = []
afterEach(() => {
  for (const { engine, parts } of open) {
    engine.close()
    parts.gallery.close()
  }
  open = []
})

async function opened(home: string) {
  const one = await openEngine(home)
  open.push(one)
  return one.engine
}

test('a run is planned, begun, followed and leaves a candidate with its report', async () => {
  const home = await drawnGallery()
  const engine = await opened(home)
  const plan = await engine.call('retrain.plan', wish())
  if (plan.kind === 'refused') throw new Error(plan.message)
  expect(plan).toMatchObject({
    people: 12,
    photographs: 72,
    trainable: 12,
    heldOut: 12,
    virtualStrangers: true,
    trouble: null,
    processor: { processor: 'cpu' },
    sentence: '12 people, 72 photographs, head',
  })
  expect(
    plan.depths.map(({ depth, recommended, possible, seconds }) => [depth, recommended, possible, seconds]),
  ).toEqual([
    ['head', true, true, null], // nothing was measured here yet
    ['stage', false, false, null], // no crop was kept
    ['all', false, false, null],
  ])

  const progress: number[] = []
  engine.on('retrain-changed', ({ step }) => progress.push(step))
  const done = runTold(engine, ({ state }) => state !== 'running')
  const changed = new Promise<void>((resolve) => engine.on('gallery-changed', () => resolve()))
  const begun = await engine.call('retrain.begin', wish())
  expect(begun).toEqual({ kind: 'begun', run: 1 })
  expect(await engine.call('retrain.begin', wish())).toMatchObject({ kind: 'refused', reason: 'running' })
  const run = await done
  await changed
  expect(run).toMatchObject({
    run: 1,
    state: 'done',
    startedFrom: 'page',
    message: null,
  })
  expect(run.device).toContain('thread')
  expect(run.step).toBe(run.steps)
  expect(run.curve.at(-1)).toMatchObject({ run: run.stage.runs, step: expect.any(Number) as number })
  expect(
    run.curve.every(({ loss, activeTriplets, positive, negative, gradientNorm }) =>
      [loss, activeTriplets, positive?.mean, negative?.mean, gradientNorm].every(Number.isFinite),
    ),
  ).toBe(true)
  expect(progress).toEqual(progress.toSorted((a, b) => a - b))
  expect(progress.at(-1)).toBe(run.steps)

  const list = await engine.call('models.list', {})
  expect(list).toMatchObject([
    { version: '1', name: 'pre-trained', inUse: true, retrained: null },
    {
      version: run.candidate,
      name: 'retrained 1',
      inUse: false,
      retrained: {
        parent: '1',
        depth: 'head',
        loss: defaultHeadRecipe.loss.id,
        miner: defaultHeadRecipe.loss.miner ?? null,
        seed: 1,
        people: 12,
        forgottenPeople: 0,
      },
    },
  ])
  const report = await engine.call('models.report', { version: run.candidate! })
  if (report.kind === 'refused') throw new Error(report.message)
  expect(report.lines.map(({ id }) => id)).toContain('strangers')
  expect(report.run).toMatchObject({ run: 1, candidate: run.candidate })
  expect(report.sentence).toBe(list[1]!.retrained!.sentence)

  // The next plan says what this one took, and at another depth nothing.
  const notesOf = async (depth: RetrainWish['depth']) => {
    const next = await engine.call('retrain.plan', wish({ depth }))
    return (next as { notes: string[] }).notes.filter((note) => note.startsWith('The last run'))
  }
  expect(plan.notes.filter((note) => note.startsWith('The last run'))).toEqual([])
  expect(await notesOf('head')).toEqual([
    expect.stringMatching(
      / took [0-9.]+ (s|minutes) on .*thread.*, with 12 people and 60 photographs to train on\.$/,
    ),
  ])
  expect(await notesOf('all')).toEqual([])
}, 60_000)

test('a run that was begun in one window is seen and cancelled in another, within a second, and leaves nothing', async () => {
  const home = await drawnGallery()
  const [here, there] = [await opened(home), await opened(home)]
  const seenThere = runTold(there, ({ state, step }) => state === 'running' && step > 0)
  const begun = await here.call('retrain.begin', wish({ steps: 100_000 }))
  if (begun.kind === 'refused') throw new Error(begun.message)
  const { run } = await seenThere
  expect(await there.call('retrain.begin', wish())).toMatchObject({ reason: 'running' })
  const { process: runner } = runnerOf(open[0]!.parts)

  const cancelledHere = runTold(here, ({ state }) => state === 'cancelled')
  expect(await there.call('retrain.cancel', { run })).toEqual({ kind: 'cancelled' })
  const at = Date.now()
  await until(() => !isRunning(runner))
  expect(Date.now() - at).toBeLessThan(1500) // a second, and a machine that has more to do
  await cancelledHere
  expect(await here.call('retrain.cancel', { run })).toMatchObject({ reason: 'no-such-run' })
  expect(await here.call('models.list', {})).toHaveLength(1)
}, 60_000)

test.each([0, 300, 1500])(
  'a run whose process is killed %i ms after it began has failed, and everything is as it was',
  async (ms) => {
    const home = await drawnGallery()
    const engine = await opened(home)
    const { gallery } = open[0]!.parts
    const before = { templates: gallery.templates('1'), inUse: gallery.models.inUse() }
    const failed = runTold(engine, ({ state }) => state === 'failed')
    await engine.call('retrain.begin', wish({ steps: 100_000 }))
    const { process: runner } = runnerOf(open[0]!.parts)
    await new Promise((resolve) => setTimeout(resolve, ms))
    process.kill(runner, 'SIGKILL')
    const { message, candidate } = await failed
    expect(message).toContain('ended unexpectedly')
    expect(candidate).toBeNull()
    expect({ templates: gallery.templates('1'), inUse: gallery.models.inUse() }).toEqual(before)
    expect(gallery.models.versions()).toEqual([])
  },
  60_000,
)

test('of two processes that begin at once, one runs', async () => {
  const home = await drawnGallery()
  const [here, there] = [await opened(home), await opened(home)]
  const outcomes = await Promise.all([
    here.call('retrain.begin', wish({ steps: 100_000 })),
    there.call('retrain.begin', wish({ steps: 100_000 })),
  ])
  expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['begun', 'refused'])
  expect(outcomes.find(({ kind }) => kind === 'refused')).toMatchObject({ reason: 'running' })
}, 60_000)

test('closing the application ends its run, and says so', async () => {
  const home = await drawnGallery()
  const engine = await opened(home)
  await engine.call('retrain.begin', wish({ steps: 100_000 }))
  const { process: runner } = runnerOf(open[0]!.parts)
  engine.close()
  await until(() => !isRunning(runner))
  expect(open[0]!.parts.gallery.runs.run(1)).toMatchObject({
    state: 'failed',
    message: expect.stringContaining('closed') as string,
  })
}, 60_000)

test('too small a gallery is refused in words before anything is begun', async () => {
  const engine = await opened(await drawnGallery({ people: 1 }))
  expect(await engine.call('retrain.begin', wish())).toMatchObject({ kind: 'refused', reason: 'too-little' })
  expect(await engine.call('retrain.run', {})).toBeNull()
}, 60_000)

test('a loss that is unknown fails the run with its words', async () => {
  const engine = await opened(await drawnGallery())
  const failed = runTold(engine, ({ state }) => state === 'failed')
  await engine.call('retrain.begin', wish({ loss: 'no-such-loss' }))
  expect((await failed).message).toContain('no-such-loss')
}, 60_000)

test.skipIf(process.platform !== 'linux')(
  'every thread of a run that computes yields to whoever verifies',
  async () => {
    const engine = await opened(await drawnGallery())
    const stepping = runTold(engine, ({ step }) => step > 0)
    await engine.call('retrain.begin', wish({ steps: 100_000 }))
    const { process: runner } = runnerOf(open[0]!.parts)
    await stepping
    const threads = readdirSync(`/proc/${runner}/task`).map((thread) => {
      const words = readFileSync(`/proc/${runner}/task/${thread}/stat`, 'utf8')
      const fields = words.slice(words.lastIndexOf(')') + 2).split(' ')
      return { name: words.slice(words.indexOf('(') + 1, words.lastIndexOf(')')), nice: Number(fields[16]) }
    })
    // Node's own, for signals and its debugger, sleep.
    const computing = threads.filter(({ name }) => /MainThread|libuv|Worker/.test(name))
    expect(computing.length).toBeGreaterThan(4)
    expect(computing.filter(({ nice }) => nice < 19)).toEqual([])
  },
  60_000,
)

test.skipIf(process.platform !== 'linux')(
  'the key is in no argument and in no environment of the process that trains',
  async () => {
    vi.stubEnv('SEMBLANCE_PASSPHRASE', 'correct horse')
    onTestFinished(() => void vi.unstubAllEnvs())
    const engine = await opened(await drawnGallery())
    await engine.call('retrain.begin', wish({ steps: 100_000 }))
    const { gallery } = open[0]!.parts
    const { process: runner } = runnerOf(open[0]!.parts)
    const told = ['environ', 'cmdline'].map((file) => readFileSync(`/proc/${runner}/${file}`))
    const key = Buffer.from(gallery.handedKey().key)
    for (const bytes of told) {
      expect(bytes.length).toBeGreaterThan(10)
      for (const secret of ['correct horse', key, key.toString('hex'), key.toString('base64')])
        expect(bytes.includes(secret)).toBe(false)
    }
  },
  60_000,
)

function runnerOf({ gallery }: Parts) {
  let found = { process: 0, heardAt: 0 }
  gallery.runs.last((runner) => ((found = runner), false))
  return found
}

function isRunning(process_: number): boolean {
  try {
    process.kill(process_, 0)
    return true
  } catch {
    return false
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20))
}
