import { appendFileSync } from 'node:fs'
import { defaultHeadRecipe, type HeadRecipe } from '../../src-main/training/gallery-run/head/head-recipe.ts'
import { onnxRunner } from '../../src-main/training/onnx-runner.ts'
import { foldOf, folds, measureHead, protocolOf, type Faces, type Measured } from './retrain-protocol.ts'
import { candidateOf, type Mixing } from './retrain-training.ts'
import { keptLines } from './kept-lines.ts'
import type { Figure } from './training-figure.ts'

const triplets = (miner: string, margin: number): Pick<HeadRecipe, 'loss'> => ({
  loss: { id: 'triplet', settings: { margin }, miner },
})

/** What is compared: the default, and one thing changed at a time. */
export const recipes: Record<string, Partial<HeadRecipe>> = {
  default: {},
  'FaceNet semi-hard, margin 0.15': triplets('facenet-semi-hard', 0.15),
  'FaceNet semi-hard, margin 0.3': triplets('facenet-semi-hard', 0.3),
  'batch-hard, margin 0.15': triplets('batch-hard', 0.15),
  'quadruplet, nearest other pair': {
    loss: { id: 'quadruplet-hard', settings: { margin: 0.15, otherMargin: 0.1 } },
  },
  'multi-similarity': { loss: { id: 'multi-similarity', settings: { lambda: 0.8 } } },
  arcface: { loss: { id: 'arcface' } },
  'no distillation': { distillation: 0 },
  'distillation 5': { distillation: 5 },
  'distillation 50': { distillation: 50 },
  'learning rate 3e-4': { learningRate: 3e-4 },
  'learning rate 3e-3': { learningRate: 3e-3 },
  'all of the way': { blend: 1 },
  '100 steps': { steps: 100 },
  '400 steps': { steps: 400 },
  '16 people': { people: 16 },
  '16 others': { others: 16 },
  'nobody mixed in': { others: 0 },
}

/** Those that are compared with virtual strangers too. */
const withVirtual = ['default', 'FaceNet semi-hard, margin 0.15', 'distillation 5', '16 people', '16 others']

interface Done extends Measured {
  recipe: string
  mixing: Mixing
  seed: number
  fold: number
  before: Measured
  stoppedAt: number
  seconds: number
}

/** Each recipe under each seed, seed s on fold s (mod 5); the same seed is the same people for all. What `file` holds is not run again. */
export async function compareRecipes(
  faces: Faces,
  { seeds, file, only }: { seeds: readonly number[]; file: string; only: readonly string[] | null },
  say: (line: string) => void,
): Promise<Figure[]> {
  const protocol = protocolOf(faces)
  const openRunner = onnxRunner({ executionProviders: ['cpu'], threads: 1 })
  const done = keptLines<Done>(file)
  const figures: Figure[] = []
  const before = new Map<number, Measured>()
  for (const mixing of ['people', 'virtual'] as const)
    for (const [name, changes] of Object.entries(recipes)) {
      if ((only && !only.includes(name)) || (mixing === 'virtual' && !withVirtual.includes(name))) continue
      for (const seed of seeds) {
        if (done.some((each) => each.recipe === name && each.mixing === mixing && each.seed === seed))
          continue
        const number = ((seed - 1) % folds) + 1
        const fold = foldOf(protocol, number)
        if (!before.has(number)) before.set(number, measureHead(protocol, fold, null))
        const made = await candidateOf(
          protocol,
          fold,
          mixing,
          { ...defaultHeadRecipe, ...changes, seed },
          openRunner,
        )
        const after = measureHead(protocol, fold, made.head)
        const { stoppedAt, seconds } = made
        const one: Done = {
          recipe: name,
          mixing,
          seed,
          fold: number,
          ...after,
          before: before.get(number)!,
          stoppedAt,
          seconds,
        }
        appendFileSync(file, `${JSON.stringify(one)}\n`)
        done.push(one)
      }
      figures.push(
        figureOf(
          `${name}; ${mixing === 'people' ? 'people' : 'virtual strangers'} mixed in`,
          done.filter((each) => each.recipe === name && each.mixing === mixing && seeds.includes(each.seed)),
        ),
      )
      say(`  ${figures.at(-1)!.what}: ${figures.at(-1)!.measured}`)
    }
  return figures
}

export function figureOf(
  what: string,
  runs: readonly (Measured & { before: Measured; stoppedAt: number; seconds: number })[],
): Figure {
  const change = (id: 'fnmrByGallery' | 'fnmrByStrangers') =>
    runs.map((run) => 100 * (run[id] / run.before[id] - 1))
  const [gallery, strangers] = [change('fnmrByGallery'), change('fnmrByStrangers')]
  const tar = runs.map((run) => 100 * (run.tarOfStrangers - run.before.tarOfStrangers))
  return {
    what,
    asked: 'gallery −40 %, by strangers −30 %, TAR of strangers not worse',
    measured:
      `gallery ${spread(gallery)} %, by strangers ${spread(strangers)} %, TAR ${spread(tar, 1)} points; ` +
      `stopped at ${runs.map(({ stoppedAt }) => stoppedAt).join(', ')}; ${(runs.reduce((sum, { seconds }) => sum + seconds, 0) / runs.length).toFixed(1)} s`,
    reached: null,
    values: { gallery, strangers, tar },
  }
}

/** Mean, and the least and most in brackets. */
export function spread(values: readonly number[], digits = 0): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`
  return `${signed(mean)} (${signed(Math.min(...values))} … ${signed(Math.max(...values))})`
}
