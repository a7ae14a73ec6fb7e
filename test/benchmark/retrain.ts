/** `npm run bench -- retrain`: what retraining a gallery's head gains and costs, and the proof of its gate, beside what was asked. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import type { Depth } from '../../src-main/contract.ts'
import type { TwoCovarianceModel } from '../../src-main/evaluation/virtual-strangers.ts'
import { proofKinds } from '../training/gallery-run/proof-kinds.ts'
import { lfwFaces } from './retrain-protocol.ts'
import { table, type Figure } from './training-figure.ts'

export interface RetrainBenchmarkOptions {
  /** proof, figures, recipes, hard, time, verification; several with commas. `figures,time` unless said. */
  only?: string
  shared?: string // holds faces/lfw-dev
  json?: string // where the JSON goes
  /** Folder where runs are kept: what was done there is not done again. */
  out?: string
  runs?: number // of each kind, in the proof
  seedFrom?: number // in the proof
  kinds?: string // of the proof, with commas
  seeds?: string // 1,2,3 of the figures and of hard probes; 1,2,3,4,5 of the recipes
  depth?: Depth // of the run that is timed, and that verification is timed beside; head unless said
  recipes?: string // of the comparison, with semicolons
}

const list = (words: string | number | undefined, usual: number[]) =>
  words === undefined ? usual : String(words).split(',').map(Number)

/** Runs the parts that are asked for, prints and gives their figures. */
export async function run(options: RetrainBenchmarkOptions = {}): Promise<Figure[]> {
  const shared = resolve(options.shared ?? '../shared')
  if (!existsSync(join(shared, 'faces/lfw-dev'))) {
    console.log(`left out: there is no faces/lfw-dev in ${shared}`)
    return []
  }
  await tf.setBackend('cpu')
  const out = resolve(options.out ?? join(tmpdir(), 'semblance-benchmark', 'retrain'))
  mkdirSync(out, { recursive: true })
  const load = loadavg()[0]!
  const figures: Figure[] = []
  for (const part of String(options.only ?? 'figures,time').split(',')) {
    console.log(`\n${part}`)
    const { [part]: measure } = parts
    if (!measure) throw new Error(`there is no part ${part}, only ${Object.keys(parts).join(', ')}`)
    figures.push(...(await measure(options, { shared, out })))
  }
  if (options.json !== undefined)
    writeFileSync(
      options.json,
      `${JSON.stringify({ processor: cpus()[0]?.model, cores: cpus().length, load: [load, ...loadavg()], figures }, null, 2)}\n`,
    )
  console.log(`\n${table(figures)}`)
  return figures
}

interface Place {
  shared: string
  out: string
}

const say = (line: string) => console.log(line)

const parts: Record<string, (options: RetrainBenchmarkOptions, place: Place) => Promise<Figure[]>> = {
  proof: async ({ runs = 40, seedFrom = 1, kinds }, { shared, out }) => {
    const { proof } = await import('./retrain-proof.ts')
    const asked = proofKinds.filter((kind) => !kinds || kinds.split(',').includes(kind))
    const settings = { runs, seedFrom, kinds: asked, file: join(out, 'proof.jsonl') }
    return proof(await lfwFaces(shared), cardStrangers(), settings, say)
  },
  figures: async ({ seeds }, { shared, out }) => {
    const { gains } = await import('./retrain-figures.ts')
    const settings = { seeds: list(seeds, [1, 2, 3]), file: join(out, 'figures.jsonl') }
    return gains(await lfwFaces(shared), settings, say)
  },
  hard: async ({ seeds }, { shared, out }) => {
    const { hardGains } = await import('./retrain-hard.ts')
    const file = join(out, 'hard.jsonl')
    return hardGains({ shared, out: cropsIn(out), seeds: list(seeds, [1, 2, 3]), file }, say)
  },
  time: async ({ depth = 'head' }, { shared, out }) =>
    depth === 'head'
      ? (await import('./retrain-time.ts')).headTime()
      : (await import('./retrain-network-time.ts')).networkTime(depth, shared, cropsIn(out)),
  verification: async ({ depth }, { shared }) => {
    const { verificationDuringRun } = await import('./retrain-verification.ts')
    const timed = await verificationDuringRun({ images: join(shared, 'faces/lfw-dev/images'), depth })
    const { idle, during, ratio, load } = timed
    return [
      {
        what: `p95 of a verification while a run trains at depth ${timed.depth}, against idle`,
        asked: '≤ 1.5 ×',
        measured: `${during.p95Ms.toFixed(0)} ms against ${idle.p95Ms.toFixed(0)} ms: ${ratio.toFixed(2)} × (load ${load.toFixed(1)} before)`,
        reached: ratio <= 1.5,
        values: { ratio, idleP95Ms: idle.p95Ms, duringP95Ms: during.p95Ms, load },
      },
    ]
  },
  recipes: async ({ seeds, recipes }, { shared, out }) => {
    const { compareRecipes } = await import('./retrain-recipes.ts')
    const only = recipes?.split(';') ?? null
    const settings = { seeds: list(seeds, [1, 2, 3, 4, 5]), only, file: join(out, 'recipes.jsonl') }
    return compareRecipes(await lfwFaces(shared), settings, say)
  },
}

/** Where the development people's crops are, made once for all benchmarks that train networks. */
const cropsIn = (out: string) => join(out, '../training')

/** Virtual strangers as they ship: fitted on half of the same people. */
function cardStrangers(): TwoCovarianceModel {
  const card = join(import.meta.dirname, '../../models/cards/face-recognition-strangers.json')
  return (JSON.parse(readFileSync(card, 'utf8')) as { fit: TwoCovarianceModel }).fit
}
