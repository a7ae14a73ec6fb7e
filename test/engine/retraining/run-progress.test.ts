import { expect, test } from 'vitest'
import { usualWish } from '../../../src-main/engine/retraining/options.ts'
import { RunCurve } from '../../../src-main/engine/retraining/run-curve.ts'
import { RunProgressWriter } from '../../../src-main/engine/retraining/run-progress.ts'
import type { RunProgress } from '../../../src-main/gallery/training-runs.ts'
import type { GalleryRunEvent } from '../../../src-main/training/gallery-run/run-event.ts'

const point = (step: number, heldOutFnmr: number | null = null) => ({
  run: 1,
  step,
  loss: 1 / step,
  activeTriplets: 0.5,
  positive: null,
  negative: null,
  gradientNorm: 1,
  heldOutFnmr,
})

const step = (run: number, at: number, steps = 10): GalleryRunEvent => ({
  kind: 'step',
  run,
  runs: 3,
  step: at,
  steps,
  measures: {
    loss: 0.5,
    activeTriplets: 0.25,
    positiveDistance: 0.6,
    negativeDistance: 1.3,
    gradientNorm: 2,
  },
  imagesPerSecond: 80,
  remainingMs: 5000,
})

test('a curve keeps every point of a short run, and a few hundred of a long one, those that were judged among them', () => {
  const short = new RunCurve()
  for (let at = 1; at <= 300; at++) short.add(point(at))
  expect(short.points).toHaveLength(300)
  const long = new RunCurve()
  for (let at = 1; at <= 20_000; at++) long.add(point(at, at === 7777 ? 0.1 : null))
  expect(long.points.length).toBeGreaterThan(100)
  expect(long.points.length).toBeLessThanOrEqual(400)
  expect(long.points.map(({ step }) => step)).toContain(7777)
  const gaps = long.points.map(({ step }, i) => step - (long.points[i - 1]?.step ?? 0))
  expect(Math.max(...gaps)).toBeLessThanOrEqual(128)
})

function writer() {
  const clock = { ms: 0 }
  const written: RunProgress[] = []
  const runs = {
    goesOn: true,
    putProgress: (_run: number, progress: RunProgress) => (written.push(progress), runs.goesOn),
  }
  const ended: string[] = []
  const writer = new RunProgressWriter(
    runs,
    usualWish,
    () => clock.ms,
    () => ended.push('ended'),
  )
  return { clock, written, runs, ended, writer }
}

test('it is written once a second, and whenever another training begins', () => {
  const { clock, written, writer: one } = writer()
  one.hear(1, { kind: 'run', run: 1, runs: 3, what: 'without 2 people, to judge by them' })
  expect(written).toMatchObject([{ stage: { run: 1, runs: 3, what: 'Without 2 people, to judge by them' } }])
  clock.ms = 500
  one.hear(1, step(1, 1))
  expect(written).toHaveLength(1)
  clock.ms = 1100
  one.hear(1, step(1, 2))
  expect(written.at(-1)).toMatchObject({ step: 2, steps: 30, imagesPerSecond: 80, remainingMs: 5000 })
  expect(written.at(-1)!.curve).toHaveLength(2)
})

test('steps of all trainings are counted on, also where one ended early', () => {
  const { clock, written, writer: one } = writer()
  for (const event of [step(1, 4), step(2, 1, 4), step(2, 4, 4), step(3, 4, 4)]) {
    clock.ms += 2000
    one.hear(1, event)
  }
  expect(written.map(({ step, steps }) => [step, steps])).toEqual([
    [4, 30],
    [5, 12],
    [8, 12],
    [12, 12],
  ])
})

test('the process hears that its run was ended by another', () => {
  const { clock, runs, ended, writer: one } = writer()
  runs.goesOn = false
  clock.ms = 5000
  one.hear(1, step(1, 1))
  expect(ended).toEqual(['ended'])
})

test('a processor that failed is told of, with its own words', () => {
  const { written, writer: one } = writer()
  one.fell(1, 'device lost')
  expect(written[0]!.why).toContain('device lost')
})
