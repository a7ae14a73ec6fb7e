import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { drawStrangers, type TwoCovarianceModel } from '../../src-main/evaluation/virtual-strangers.ts'
import { random } from '../../src-main/learning/random.ts'
import {
  candidateCard,
  movedByHead,
  type Card,
} from '../../src-main/training/gallery-run/judging/candidate-card.ts'
import { defaultHeadRecipe } from '../../src-main/training/gallery-run/head/head-recipe.ts'
import { retrainHead } from '../../src-main/training/gallery-run/retrain-head.ts'
import { trainingSet } from '../../src-main/training/gallery-run/people/training-set.ts'
import { onnxRunner } from '../../src-main/training/onnx-runner.ts'
import type { Figure } from './training-figure.ts'

const [people, photographs] = [100, 10]
const cores = 2

/** Time and memory of a whole run at depth head, in a process of its own as the application has it. */
export function headTime(): Figure[] {
  const started = performance.now()
  const { stdout, stderr, status } = spawnSync(process.execPath, [import.meta.filename], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  const wall = (performance.now() - started) / 1000
  const load = loadavg()[0]!
  const { processorSeconds, megabytes } = JSON.parse(stdout.trim().split('\n').at(-1)!) as Measured
  return [
    {
      what: `head, ${people} people × ${photographs} photographs, from the process’s start to the report`,
      asked: '≤ 60 s, ≤ 1 GB',
      measured: `${wall.toFixed(1)} s (load ${load.toFixed(0)}; ${processorSeconds.toFixed(1)} s of processor time), ${megabytes.toFixed(0)} MB at the most`,
      // Where others keep the cores busy, a run that took too long says nothing.
      reached: wall <= 60 ? megabytes <= 1000 : load > 2 * cores ? null : false,
      values: { wall, processorSeconds, megabytes },
    },
  ]
}

interface Measured {
  processorSeconds: number
  megabytes: number
}

/** Made-up people: a run takes as long whoever they are. */
async function measured(): Promise<Measured> {
  await tf.setBackend('cpu')
  const cards = join(import.meta.dirname, '../../models/cards')
  const read = (name: string) => JSON.parse(readFileSync(join(cards, name), 'utf8')) as unknown
  const { fit } = read('face-recognition-strangers.json') as { fit: TwoCovarianceModel }
  const card = read('face-recognition.json') as Card
  const { vectors, dimension: d } = drawStrangers(fit, people, photographs, random(1, 'time').uniform)
  const set = trainingSet(
    Array.from({ length: people * photographs }, (_, row) => ({
      person: 1 + Math.floor(row / photographs),
      embedding: vectors.slice(row * d, (row + 1) * d),
      capturedAt: row,
    })),
  )
  const threshold = 0.30429
  const running = retrainHead({
    set,
    recipe: defaultHeadRecipe,
    openRunner: onnxRunner({ executionProviders: ['cpu'], threads: 2 }),
    wantedFmr: 1e-4,
    threshold,
    mixIn: null,
    cohort: null,
    strangersModel: fit,
  })
  let next = await running.next()
  while (!next.done) next = await running.next()
  candidateCard(card, 'candidate', next.value.threshold / threshold, movedByHead(card, fit, next.value.head))
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  return { processorSeconds: (userCPUTime + systemCPUTime) / 1e6, megabytes: maxRSS / 1024 }
}

if (process.argv[1] === import.meta.filename) {
  console.log(JSON.stringify(await measured()))
  process.exit(0)
}
