/** `npm run bench -- retrain`: what retraining a gallery's head gains and costs, and the proof of its gate, beside what was asked. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import type { TwoCovarianceModel } from '../../src-main/evaluation/virtual-strangers.ts'
import { proofKinds } from '../training/gallery-run/proof-kinds.ts'
import { lfwFaces } from './retrain-protocol.ts'
import { table, type Figure } from './training-figure.ts'

export interface RetrainBenchmarkOptions {
  /** proof, figures, recipes, time; several with commas. `figures,time` unless said. */
  only?: string
  shared?: string // holds faces/lfw-dev
  json?: string // where the JSON goes
  /** Folder where runs are kept: what was done there is not done again. */
  out?: string
  runs?: number // of each kind, in the proof
  seedFrom?: number // in the proof
  kinds?: string // of the proof, with commas
  seeds?: string // 1,2,3 of the figures; 1,2,3,4,5 of the recipes
  folds?: string // 1,2,3,4,5
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
  const faces = await lfwFaces(shared)
  const say = (line: string) => console.log(line)
  const load = loadavg()[0]!
  const figures: Figure[] = []
  for (const part of String(options.only ?? 'figures,time').split(',')) {
    console.log(`\n${part}`)
    switch (part) {
      case 'proof': {
        const { proof } = await import('./retrain-proof.ts')
        const { runs = 40, seedFrom = 1 } = options
        const kinds = proofKinds.filter((kind) => !options.kinds || options.kinds.split(',').includes(kind))
        figures.push(
          ...(await proof(
            faces,
            cardStrangers(),
            { runs, seedFrom, kinds, file: join(out, 'proof.jsonl') },
            say,
          )),
        )
        break
      }
      case 'recipes': {
        const { compareRecipes } = await import('./retrain-recipes.ts')
        const seeds = list(options.seeds, [1, 2, 3, 4, 5])
        const only = options.recipes?.split(';') ?? null
        figures.push(...(await compareRecipes(faces, { seeds, only, file: join(out, 'recipes.jsonl') }, say)))
        break
      }
      default:
        throw new Error(`there is no part ${part}, only proof, figures, recipes, time`)
    }
  }
  if (options.json !== undefined)
    writeFileSync(
      options.json,
      `${JSON.stringify({ processor: cpus()[0]?.model, cores: cpus().length, load: [load, ...loadavg()], figures }, null, 2)}\n`,
    )
  console.log(`\n${table(figures)}`)
  return figures
}

/** Virtual strangers as they ship: fitted on half of the same people. */
function cardStrangers(): TwoCovarianceModel {
  const card = join(import.meta.dirname, '../../models/cards/face-recognition-strangers.json')
  return (JSON.parse(readFileSync(card, 'utf8')) as { fit: TwoCovarianceModel }).fit
}
