/** `npm run bench -- training`: how fast whole training steps are, and what training reaches on real data, beside what was asked. */
import { existsSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { ProcessorName } from '../../src-main/training/processors.ts'
import { table, type Figure } from './training-figure.ts'

export interface TrainingBenchmarkOptions {
  /** steps, omniglot, mnist, lfw, scratch; several with commas. The first three unless said; steps beside another processor. */
  only?: string
  json?: string // where the JSON goes
  threads?: number
  python?: string // with PyTorch in it
  processor?: ProcessorName // timed beside the CPU
  rounds?: number // in which ours and PyTorch's steps take turns
  workload?: string // of the steps: small-res-net, mobile-face-net, recognition, head, memory
  steps?: number // of a training, instead of its own
  folds?: string // of lfw: 1,2,3,4,5
  seeds?: string // of scratch: 1,2,3
  shared?: string // holds omniglot/, mnist/ and faces/lfw-dev
  /** Runs, crops and checkpoints: what was done there is not done again. */
  out?: string
}

/** Runs the parts that are asked for, prints and gives their figures. */
export async function run(options: TrainingBenchmarkOptions = {}): Promise<Figure[]> {
  const {
    threads = Math.max(1, Math.min(availableParallelism(), 16)),
    only = options.processor ? 'steps' : 'steps,omniglot,mnist',
  } = options
  const shared = resolve(options.shared ?? '../shared')
  const place = {
    shared,
    threads,
    out: resolve(options.out ?? join(tmpdir(), 'semblance-benchmark', 'training')),
  }
  const loadBefore = loadavg()[0]!
  console.log(
    `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${threads} threads, load ${loadBefore.toFixed(1)}`,
  )
  const figures: Figure[] = []
  for (const part of String(only).split(',')) {
    console.log(`\n${part}`)
    const { [part]: measure } = parts
    if (!measure) throw new Error(`there is no part ${part}, only ${Object.keys(parts).join(', ')}`)
    const needed = dataOf[part]
    if (needed && !existsSync(join(shared, needed)))
      console.log(`  left out: there is no ${needed} in ${shared}`)
    else figures.push(...(await measure(options, place)))
  }
  const load = [loadBefore, ...loadavg()]
  if (options.json !== undefined)
    writeFileSync(
      options.json,
      `${JSON.stringify({ processor: cpus()[0]?.model, cores: cpus().length, threads, load, figures }, null, 2)}\n`,
    )
  console.log(
    `\n${table(figures)}\nload ${load.map((value) => value.toFixed(1)).join(', ')} (before; 1, 5, 15 min at the end)`,
  )
  return figures
}

interface Place {
  shared: string
  threads: number
  out: string
}

const dataOf: Record<string, string> = {
  omniglot: 'omniglot',
  mnist: 'mnist',
  lfw: 'faces/lfw-dev',
  scratch: 'faces/lfw-dev',
}

const list = (words: string | number | undefined) => (words === undefined ? null : String(words).split(','))

const parts: Record<string, (options: TrainingBenchmarkOptions, place: Place) => Promise<Figure[]>> = {
  steps: async ({ python = 'python3', processor = 'cpu', rounds = 5, workload }, { threads }) => {
    const { steps } = await import('./training-steps.ts')
    return steps({ threads, python, processor, rounds, workloads: list(workload) })
  },
  omniglot: async (options, place) =>
    (await import('./training-omniglot.ts')).omniglotRuns({ ...place, steps: options.steps }),
  mnist: async (options, place) =>
    (await import('./training-mnist.ts')).mnistDigits({ ...place, steps: options.steps }),
  lfw: async (options, place) =>
    (await import('./training-lfw.ts')).lfwFolds({
      ...place,
      steps: options.steps,
      folds: list(options.folds)?.map(Number),
    }),
  scratch: async (options, place) =>
    (await import('./training-scratch.ts')).fromScratch({
      ...place,
      steps: options.steps,
      seeds: list(options.seeds)?.map(Number),
    }),
}
