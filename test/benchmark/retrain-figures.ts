import { appendFileSync } from 'node:fs'
import { defaultHeadRecipe } from '../../src-main/training/gallery-run/head/head-recipe.ts'
import { onnxRunner } from '../../src-main/training/onnx-runner.ts'
import { exactUpper } from '../../src-main/evaluation/binomial-bounds.ts'
import { foldOf, folds, measureHead, protocolOf, type Faces, type Measured } from './retrain-protocol.ts'
import { spread } from './retrain-recipes.ts'
import { candidateOf, type Mixing } from './retrain-training.ts'
import { keptLines } from './kept-lines.ts'
import type { Figure } from './training-figure.ts'

interface Done extends Measured {
  mixing: Mixing
  seed: number
  fold: number
  /** The pre-trained net on the same photographs. */
  before: Measured
  stoppedAt: number
  seconds: number
}

/** What a retrained head is worth to its gallery and to strangers: every seed on every fold, paired with the pre-trained net. */
export async function gains(
  faces: Faces,
  { seeds, file }: { seeds: readonly number[]; file: string },
  say: (line: string) => void,
): Promise<Figure[]> {
  const protocol = protocolOf(faces)
  const openRunner = onnxRunner({ executionProviders: ['cpu'], threads: 1 })
  const done = keptLines<Done>(file)
  for (let number = 1; number <= folds; number++) {
    const fold = foldOf(protocol, number)
    const before = measureHead(protocol, fold, null)
    for (const mixing of ['people', 'virtual'] as const)
      for (const seed of seeds) {
        if (done.some((each) => each.mixing === mixing && each.seed === seed && each.fold === number))
          continue
        const made = await candidateOf(protocol, fold, mixing, { ...defaultHeadRecipe, seed }, openRunner)
        const { stoppedAt, seconds } = made
        const after = measureHead(protocol, fold, made.head)
        const one: Done = { mixing, seed, fold: number, ...after, before, stoppedAt, seconds }
        appendFileSync(file, `${JSON.stringify(one)}\n`)
        done.push(one)
        say(
          `  fold ${number}, seed ${seed}, ${mixing}: ${percent(after.fnmrByGallery)}, ${percent(after.fnmrByStrangers)} (before ${percent(before.fnmrByGallery)}, ${percent(before.fnmrByStrangers)})`,
        )
      }
  }
  const probes = protocol.probes.flat().length
  const runs = (mixing: Mixing) => done.filter((each) => each.mixing === mixing && seeds.includes(each.seed))
  const people = { gallery: protocol.enrolled.length, probes, singles: protocol.singles.length }
  say(
    `  ${people.gallery} gallery people, ${probes} probes; strangers: ${people.singles} people with one photograph and a fifth of ${protocol.several.length}`,
  )
  return [
    ...figuresOf('other people mixed in', runs('people'), probes, { gallery: 40, strangers: 30 }),
    ...figuresOf(
      'virtual strangers only, fitted to the people who may be mixed in',
      runs('virtual'),
      probes,
      {
        gallery: 25,
        strangers: 0,
      },
    ),
  ]
}

function figuresOf(
  how: string,
  runs: readonly Done[],
  probes: number,
  asked: { gallery: number; strangers: number },
): Figure[] {
  if (runs.length === 0) return []
  const fnmr = (id: 'fnmrByGallery' | 'fnmrByStrangers', what: string, least: number): Figure => {
    const [before, after] = [runs.map((run) => 100 * run.before[id]), runs.map((run) => 100 * run[id])]
    const change = runs.map((run) => 100 * (run[id] / run.before[id] - 1))
    const worse = runs.filter(
      (run) => run[id] > exactUpper(Math.round(run.before[id] * probes), probes),
    ).length
    const mean = change.reduce((sum, value) => sum + value, 0) / change.length
    return {
      what: `gallery FNMR where 1 in 10,000 ${what} passes; ${how}`,
      asked: `−${least} %; never worse beyond its bound`,
      measured: `from ${range(before)} % to ${range(after)} %: ${spread(change)} %; worse beyond the bound in ${worse} of ${runs.length} runs`,
      reached: mean <= -least && worse === 0,
      values: { before, after, change },
    }
  }
  const tar = runs.map((run) => 100 * (run.tarOfStrangers - run.before.tarOfStrangers))
  return [
    fnmr('fnmrByGallery', 'gallery impostors', asked.gallery),
    fnmr('fnmrByStrangers', 'strangers', asked.strangers),
    {
      what: `TAR at FMR 1e-3 among held-out strangers with 2–7 photographs; ${how}`,
      asked: 'not worse',
      measured: `from ${range(runs.map((run) => 100 * run.before.tarOfStrangers))} % to ${range(runs.map((run) => 100 * run.tarOfStrangers))} %: ${spread(tar, 1)} points`,
      reached: tar.reduce((sum, value) => sum + value, 0) >= 0,
      values: { tar },
    },
  ]
}

const percent = (rate: number) => `${(100 * rate).toFixed(2)} %`

function range(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  return `${least.toFixed(1)}–${most.toFixed(1)}`
}
