import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { keepTiming, readTimings, timingKey } from '../../../src-main/training/gallery-run/run-cost.ts'
import { createEngine } from '../../../src-main/engine.ts'
import { openParts } from '../../../src-main/engine/open-parts.ts'
import { retrainingCalls } from '../../../src-main/engine/retraining/calls.ts'
import { usualWish } from '../../../src-main/engine/retraining/options.ts'
import { thisMachine, timedDevice, timeHeadOnce } from '../../../src-main/engine/retraining/timings.ts'
import { nodeTrainer, type StartTrainer } from '../../../src-main/engine/retraining/trainer.ts'
import { drawnGallery, openEngine, started } from './drawn-gallery.ts'

const timing = nodeTrainer(new URL('../../../src-main/engine/retraining/timing-process.ts', import.meta.url))

test('a plan says what a head costs here, measured once for all who ask at a time', async () => {
  const home = await drawnGallery()
  const opened = await openParts({ home, key: { kind: 'key-file' }, lazy: true })
  if (opened.kind === 'refused') throw new Error(opened.message)
  let processes = 0
  const counted: StartTrainer = () => {
    processes++
    return timing()
  }
  const engine = createEngine(opened.parts, retrainingCalls({ ...started, timing: counted }))
  try {
    const [plan, twice] = await Promise.all([
      engine.call('retrain.plan', usualWish),
      engine.call('retrain.plan', { ...usualWish, steps: usualWish.steps }),
    ])
    if (plan.kind === 'refused') throw new Error(plan.message)
    expect(twice).toEqual(plan)
    expect(processes).toBe(1)
    expect(plan.depths[0]!.seconds).toBeGreaterThan(0)
    expect(plan.sentence).toMatch(/^12 people, 72 photographs, head, about .+ on CPU$/)
    const timings = await readTimings(home)
    expect(timings[timingKey(timedDevice('cpu'), 'head')]!.msPerStep).toBeGreaterThan(0)
    await engine.call('retrain.plan', usualWish)
    expect(processes).toBe(1)
  } finally {
    engine.close()
    opened.parts.gallery.close()
  }
}, 60_000)

test('a plan says what it costs on every processor of this machine that was measured', async () => {
  const home = await drawnGallery()
  const timing = { batchSize: 100, msPerStep: 100, openMs: 0, msPerPhotograph: 0 }
  await keepTiming(home, timedDevice('cpu'), 'head', timing)
  await keepTiming(home, timedDevice('webgpu'), 'head', { ...timing, msPerStep: 50 })
  await keepTiming(home, timedDevice('cuda'), 'head', { ...timing, msPerStep: 10 }) // does not work any more
  const tried = (processor: string, device: string, trouble: string | null) => ({
    ...{ processor, device, trouble, msPerStep: 1, difference: 0, chosen: processor === 'webgpu' },
  })
  const processors = [
    tried('cpu', 'CPU', null),
    tried('webgpu', 'Drawn GPU', null),
    tried('cuda', 'X', 'gone'),
  ]
  writeFileSync(join(home, 'processors.json'), JSON.stringify({ machine: thisMachine(), tried: processors }))
  const { engine, parts } = await openEngine(home)
  try {
    const plan = await engine.call('retrain.plan', usualWish)
    if (plan.kind === 'refused') throw new Error(plan.message)
    const { seconds, elsewhere } = plan.depths[0]!
    expect(elsewhere).toEqual([{ device: 'Drawn GPU', seconds: expect.closeTo(seconds! / 2, 6) as number }])
    expect(plan.sentence).toMatch(/, head, about (.+) on CPU; (.+) on Drawn GPU$/)
    expect(plan.depths[1]!.elsewhere).toEqual([])
    // The other way round where the other one trains.
    const other = await engine.call('retrain.plan', { ...usualWish, processor: 'webgpu' })
    expect((other as { sentence: string }).sentence).toMatch(/about .+ on Drawn GPU; .+ on CPU$/)
  } finally {
    engine.close()
    parts.gallery.close()
  }
})

test('a process that cannot time leaves the cost unknown', async () => {
  const dead: StartTrainer = () => ({
    port: { post: () => {}, hear: () => {}, ended: () => {}, close: () => {} },
    ended: Promise.resolve(),
    kill: () => {},
  })
  await timeHeadOnce(dead, '/nowhere')()
})
