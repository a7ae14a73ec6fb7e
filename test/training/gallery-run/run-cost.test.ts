import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { defaultHeadRecipe } from '../../../src-main/training/gallery-run/head/head-recipe.ts'
import { networkFeed } from '../../../src-main/training/gallery-run/network/network-feed.ts'
import { defaultNetworkRecipe } from '../../../src-main/training/gallery-run/network/network-recipe.ts'
import type { Plan } from '../../../src-main/training/gallery-run/plan.ts'
import {
  batchSizeOf,
  keepTiming,
  memoryOf,
  readTimings,
  secondsOf,
  timeRun,
  timingKey,
} from '../../../src-main/training/gallery-run/run-cost.ts'

const plan: Plan = {
  depth: 'all',
  people: 40,
  photographs: 400,
  trainable: 40,
  heldOut: 120,
  cohortPeople: 0,
  mayTrainPeople: 0,
  mayTrainWithPairs: 0,
  judgesLeftOut: 0,
  cohortPhotographs: 0,
  mayTrainPhotographs: 0,
  virtualStrangers: false,
  withoutCrop: 0,
  mixed: [],
  hardExamples: 0,
  hardExamplesDoubted: [],
  hardExamplesLeftOut: [],
  trouble: null,
}
const timing = { batchSize: 30, msPerStep: 1000, openMs: 2000, msPerPhotograph: 20 }

test('a run costs its trainings and the photographs that are looked at', () => {
  const all = { ...defaultNetworkRecipe.all, steps: 100, people: 10, photographs: 3, others: 0 }
  expect(batchSizeOf(plan, all)).toBe(30)
  // Three trainings of 100 steps; by each network the whole gallery, and 24 of the 40 people four times on the way.
  expect(secondsOf(plan, all, timing)).toBeCloseTo(3 * (2 + 100) + 3 * (400 + 4 * 240) * 0.02)
  // A cohort that judges spares the folds, and is looked at.
  const judged = { ...plan, cohortPeople: 50, cohortPhotographs: 100 }
  expect(secondsOf(judged, all, timing)).toBeCloseTo(102 + (400 + 4 * 240 + 100) * 0.02)
  // A smaller gallery has smaller batches.
  const few = { ...plan, people: 5, trainable: 5 }
  expect(batchSizeOf(few, all)).toBe(15)
  const head = { ...defaultHeadRecipe, steps: 300 }
  expect(secondsOf(plan, head, { ...timing, batchSize: batchSizeOf(plan, head), msPerStep: 5 })).toBeCloseTo(
    7 * (2 + 1.5), // one to see when to stop, five folds, the last
  )
})

test.each([
  // People of the gallery, with one photograph of their own in front, and of cohorts likewise.
  [
    { pairs: 40, singles: 0 },
    { pairs: 0, singles: 0 },
  ],
  [
    { pairs: 100, singles: 50 },
    { pairs: 100, singles: 0 },
  ],
  [
    { pairs: 12, singles: 3 },
    { pairs: 100, singles: 100 },
  ],
  [
    { pairs: 12, singles: 30 },
    { pairs: 20, singles: 10 },
  ],
  [
    { pairs: 40, singles: 4 },
    { pairs: 1, singles: 300 },
  ],
  [
    { pairs: 90, singles: 90 },
    { pairs: 0, singles: 300 },
  ],
])('a batch of a network is forecast as it is fed: %o beside %o', (own, others) => {
  const recipe = defaultNetworkRecipe.stage
  const labels = ({ pairs, singles }: typeof own) =>
    Int32Array.from({ length: 2 * pairs + singles }, (_, i) => (i < 2 * pairs ? i >> 1 : i))
  const feed = networkFeed(
    labels(own),
    others.pairs + others.singles > 0 ? labels(others) : null,
    recipe,
    1,
    async () => [0],
  )
  const counted = {
    people: own.pairs + own.singles,
    trainable: own.pairs,
    mayTrainPeople: others.pairs + others.singles,
    mayTrainWithPairs: others.pairs,
  }
  expect(batchSizeOf({ ...plan, ...counted }, recipe)).toBe(feed.batchSize)
})

test('a network’s memory grows with its batch, as was measured, and with photographs until no more are kept', () => {
  const few = { ...plan, people: 74, trainable: 74, photographs: 0 } // a batch of 222, of which the crops are not counted
  // Peak of a process that took three steps of 224 photographs, `test/benchmark/retrain-memory.ts`: 2,125 MB and 439 MB.
  expect(Math.abs(memoryOf(few, defaultNetworkRecipe.all)! / 2125e6 - 1)).toBeLessThan(0.02)
  expect(Math.abs(memoryOf(few, defaultNetworkRecipe.stage)! / 439e6 - 1)).toBeLessThan(0.02)
  const most = (photographs: number) => memoryOf({ ...few, photographs }, defaultNetworkRecipe.stage)!
  expect(most(1000) - most(0)).toBeCloseTo(1000 * (3 * 256 ** 2 + 6 * 4 * 8 * 8 * 128))
  expect(most(10_000)).toBeLessThan(most(0) + (256 + 384) * 2 ** 20)
  expect(memoryOf(plan, defaultHeadRecipe)).toBe(null)
})

test('what was measured is kept by device and depth, and a damaged file is measured again', async () => {
  const home = mkdtempSync(join(tmpdir(), 'semblance-timings-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  expect(await readTimings(home)).toEqual({})
  await keepTiming(home, 'a CPU', 'all', timing)
  await keepTiming(home, 'a CPU', 'head', { ...timing, msPerStep: 5 })
  const known = await readTimings(home)
  expect(known[timingKey('a CPU', 'head')]!.msPerStep).toBe(5)
  expect(known[timingKey('a CPU', 'all')]).toEqual(timing)
  writeFileSync(join(home, 'run-timings.json'), '{')
  expect(await readTimings(home)).toEqual({})
})

test('real steps are timed, on the inputs that the recipe asks for', async () => {
  let [run, released, embedded] = [0, false, 0]
  const measured = await timeRun(
    defaultHeadRecipe,
    async (step, batchSize) => ({
      run: async (inputs) => {
        run++
        const taken = step.inputs(batchSize).filter(({ name }) => !step.state.includes(name))
        for (const { name, shape } of taken.filter(({ name }) => name !== 'frozen'))
          expect(inputs[name]!.length, name).toBe((shape as number[]).reduce((a, b) => a * b, 1))
        return new Float32Array(step.measures.length)
      },
      state: async () => ({}),
      release: async () => void (released = true),
    }),
    async () => void embedded++,
  )
  expect([run, released, embedded]).toEqual([4, true, 3])
  expect(measured.msPerStep).toBeGreaterThanOrEqual(0)
})
