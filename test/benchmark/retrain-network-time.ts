import { spawnSync } from 'node:child_process'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { enableProdMode } from '@tensorflow/tfjs'
import { recognitionNet } from '../../src-main/learning/networks/recognition-net.ts'
import type { NetworkRecipe } from '../../src-main/training/gallery-run/network/network-recipe.ts'
import { defaultNetworkRecipe } from '../../src-main/training/gallery-run/network/network-recipe.ts'
import { retrainNetwork } from '../../src-main/training/gallery-run/retrain-network.ts'
import { trainingSet } from '../../src-main/training/gallery-run/people/training-set.ts'
import { openProcessor } from '../../src-main/training/open-processor.ts'
import { retrainCrops } from './retrain-crops.ts'
import type { Figure } from './training-figure.ts'

const [people, photographs] = [100, 10]
const cores = 2
const mostMinutes = 10

/** Time and memory of a whole run of the last stage, or of all layers, in a process of its own as the application has it. */
export function networkTime(depth: NetworkRecipe['depth'], shared: string, out: string): Figure[] {
  const program = [import.meta.filename, depth, shared, out]
  const { stdout, stderr, status } = spawnSync(process.execPath, program, { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  const load = loadavg()[0]!
  const { wall, processorSeconds, megabytes } = JSON.parse(stdout.trim().split('\n').at(-1)!) as Measured
  return [
    {
      what: `${depth === 'stage' ? 'last stage' : 'all layers'}, ${people} people × ${photographs} photographs, two folds and the last training, to the report`,
      asked: depth === 'stage' ? `≤ ${mostMinutes} min` : 'measure',
      measured: `${(wall / 60).toFixed(1)} min (load ${load.toFixed(1)} at the end; ${(processorSeconds / 60).toFixed(1)} min of processor time), ${megabytes.toFixed(0)} MB at the most`,
      // Where others keep the cores busy, a run that took too long says nothing.
      reached: depth === 'all' ? null : wall <= 60 * mostMinutes ? true : load > 2 * cores ? null : false,
      values: { wall, processorSeconds, megabytes },
    },
  ]
}

interface Measured {
  wall: number
  processorSeconds: number
  megabytes: number
}

/** Development photographs dealt out to so many people with so many each: a run takes as long whoever they are. */
async function measured(depth: NetworkRecipe['depth'], shared: string, out: string): Promise<Measured> {
  enableProdMode() // without its banner
  const network = recognitionNet()
  const crops = await retrainCrops({ shared, out, folder: join(out, 'retrain'), threads: cores })
  const { dataSet, start } = crops
  const dimension = network.embeddingLength
  const { vectors } = await crops.embedded(start, 'pre-trained', Array.from(dataSet.labels.keys()))
  const set = trainingSet(
    Array.from({ length: people * photographs }, (_, row) => ({
      person: 1 + Math.floor(row / photographs),
      embedding: vectors.slice(row * dimension, (row + 1) * dimension),
      capturedAt: row,
    })),
  )
  const { openRunner } = await openProcessor('cpu', { threads: cores })
  const [began, used] = [performance.now(), process.cpuUsage()]
  const running = retrainNetwork({
    network,
    start,
    set,
    crop: (row) => dataSet.picture(row),
    recipe: defaultNetworkRecipe[depth],
    openRunner,
    wantedFmr: 1e-4,
    threshold: 0.30429,
    mixIn: null,
    cohort: null,
    notes: {},
    threads: cores,
  })
  let next = await running.next()
  while (!next.done) next = await running.next()
  const { user, system } = process.cpuUsage(used)
  const wall = (performance.now() - began) / 1000
  return { wall, processorSeconds: (user + system) / 1e6, megabytes: process.resourceUsage().maxRSS / 1024 }
}

if (process.argv[1] === import.meta.filename) {
  const [depth, shared, out] = process.argv.slice(2) as [NetworkRecipe['depth'], string, string]
  console.log(JSON.stringify(await measured(depth, shared, out)))
  process.exit(0)
}
