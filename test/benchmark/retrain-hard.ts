import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { defaultHeadRecipe } from '../../src-main/training/gallery-run/head/head-recipe.ts'
import { onnxRunner } from '../../src-main/training/onnx-runner.ts'
import { hardships } from './hard-probes.ts'
import { retrainCrops } from './retrain-crops.ts'
import { foldOf, folds, measureHead, protocolOf, type Measured } from './retrain-protocol.ts'
import { spread } from './retrain-recipes.ts'
import { candidateOf } from './retrain-training.ts'
import { keptLines } from './kept-lines.ts'
import type { Figure } from './training-figure.ts'

interface Done extends Measured {
  seed: number
  fold: number
  /** The pre-trained net on the same probes. */
  before: Measured
}

/** What a head, trained as usual with people mixed in, is worth where half of the probes are darkened, blurred or shrunk. */
export async function hardGains(
  { shared, out, seeds, file }: { shared: string; out: string; seeds: readonly number[]; file: string },
  say: (line: string) => void,
): Promise<Figure[]> {
  const crops = await retrainCrops({ shared, out, folder: join(out, 'retrain'), threads: 1 })
  const { dataSet, start } = crops
  const faces = await crops.embedded(start, 'pre-trained', Array.from(dataSet.labels.keys()))
  const hard = await crops.hardProbes(start, 'pre-trained', faces)
  const protocol = protocolOf(faces)
  const openRunner = onnxRunner({ executionProviders: ['cpu'], threads: 1 })
  const done = keptLines<Done>(file)
  for (let number = 1; number <= folds; number++) {
    const fold = foldOf(protocol, number)
    const before = measureHead(protocol, fold, null, hard)
    for (const seed of seeds) {
      if (done.some((each) => each.seed === seed && each.fold === number)) continue
      const { head } = await candidateOf(protocol, fold, 'people', { ...defaultHeadRecipe, seed }, openRunner)
      const one: Done = { seed, fold: number, ...measureHead(protocol, fold, head, hard), before }
      appendFileSync(file, `${JSON.stringify(one)}\n`)
      done.push(one)
      say(`  fold ${number}, seed ${seed}`)
    }
  }
  return (
    [
      ['fnmrByGallery', 'gallery impostors'],
      ['fnmrByStrangers', 'strangers'],
    ] as const
  ).map(([id, who]) => {
    const runs = done.filter(({ seed }) => seeds.includes(seed))
    const change = runs.map((run) => 100 * (run[id] / run.before[id] - 1))
    const [least, most] = [
      Math.min(...runs.map((run) => run.before[id])),
      Math.max(...runs.map((run) => run.before[id])),
    ]
    return {
      what: `half the probes ${hardships.join(', ')}: gallery FNMR where 1 in 10,000 ${who} passes; other people mixed in`,
      asked: '−40 %',
      measured: `from ${(100 * least).toFixed(1)}–${(100 * most).toFixed(1)} %: ${spread(change)} %`,
      reached: change.reduce((sum, value) => sum + value, 0) / change.length <= -40,
      values: { change },
    }
  })
}
