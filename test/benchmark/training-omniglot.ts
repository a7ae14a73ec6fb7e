import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { madeUnitLength } from '../../src-main/cli/train-judge.ts'
import { unpackOnce } from '../../src-main/cli/train-unpack.ts'
import { dataSetOf, type DataSet } from '../../src-main/training/data-sets/data-set.ts'
import { decodeImage } from '../../src-main/training/data-sets/decode-image.ts'
import { openDataSet, type DataSetDescription } from '../../src-main/training/data-sets/open-data-set.ts'
import { embedDataSet } from '../../src-main/training/embed.ts'
import { characterAugmentation } from '../../src-main/training/feeding/augmentation.ts'
import { defaultOptimiser, networkOf, type RunDescription } from '../../src-main/training/run-description.ts'
import type { Figure } from './training-figure.ts'
import { trained } from './training-run.ts'

const sets = ['images_background_small1', 'images_background_small2']

/**
 * Trains on Omniglot's two small background sets and answers the 20 official 20-way one-shot runs (Lake et al. 2015):
 * each test drawing is given to the character of the nearest of 20 training drawings.
 */
export async function omniglotRuns({
  shared,
  out,
  threads,
  steps = 1200,
}: {
  shared: string
  out: string
  threads: number
  steps?: number
}): Promise<Figure[]> {
  for (const name of [...sets, 'all_runs'])
    await unpackOnce(join(shared, 'omniglot', `${name}.zip`), join(out, 'omniglot', name))
  const dataSet: DataSetDescription = {
    kind: 'omniglot',
    folders: sets.map((name) => join(out, 'omniglot', name, name)),
    turned: true,
  }
  const { classes, labels } = await openDataSet(dataSet)
  const people = 32
  const description: RunDescription = {
    dataSet,
    network: {
      name: 'small-res-net',
      ...{ sidePx: 56, channels: 1, stemStride: 2, widths: [16, 32, 64, 128], embeddingLength: 128 },
    },
    from: { kind: 'scratch' },
    depth: 'all',
    loss: { id: 'supervised-contrastive' },
    optimiser: { ...defaultOptimiser, learningRate: 2e-3, weightDecay: 0.05 },
    sampler: { kind: 'people-and-photographs', people, photographs: 3 },
    augmentation: { ...characterAugmentation, rollDegrees: 15, scale: 0.2, shift: 0.08 },
    epochs: Math.max(1, Math.round(steps / Math.floor(classes.length / people))),
    seed: 1,
  }
  const run = await trained(description, { out: join(out, 'omniglot-run'), threads })

  const runs = (await readdir(join(out, 'omniglot', 'all_runs')))
    .filter((name) => /^run\d+$/.test(name))
    .sort()
  const model = await readFile(run.onnx)
  const network = networkOf(description.network)
  const errors: number[] = []
  for (const name of runs) {
    const folder = join(out, 'omniglot', 'all_runs', name)
    const embed = async (part: string) =>
      madeUnitLength(await embedDataSet(model, network, await drawings(join(folder, part)), { threads }))
    const answers = nearest(await embed('test'), await embed('training'))
    errors.push(await errorRate(folder, answers))
  }
  const error = errors.reduce((sum, one) => sum + one) / errors.length
  const turned = classes.length / 4
  return [
    {
      what: `Omniglot, ${runs.length} official 20-way one-shot runs`,
      asked: 'error ≤ 20 %, aim at 15, in under 15 minutes',
      measured:
        `${(100 * error).toFixed(2)} % (runs ${(100 * Math.min(...errors)).toFixed(0)}–${(100 * Math.max(...errors)).toFixed(0)} %) after ${(run.seconds / 60).toFixed(1)} min, ${run.steps} steps; ` +
        `trained on both small background sets: ${turned} characters, ${labels.length / 4} drawings, each also turned by 90°, 180° and 270° as further characters`,
      reached: error <= 0.2 && run.seconds < 15 * 60,
      values: { error, seconds: run.seconds, errors },
    },
  ]
}

/** The 20 drawings of a part of a run, in the order of their names. */
async function drawings(folder: string): Promise<DataSet> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.png'))
  return dataSetOf(
    files.map((name) => ({ class: name, file: join(folder, name) })),
    'whole',
    decodeImage,
  )
}

interface Rows {
  embeddings: Float32Array
  length: number
  labels: Int32Array
}

/** For each query the place of its nearest reference, from 0. */
function nearest(queries: Rows, references: Rows): number[] {
  const { length } = queries
  return Array.from(queries.labels, (_, q) => {
    const distances = Array.from(references.labels, (_, r) => {
      let sum = 0
      for (let d = 0; d < length; d++)
        sum += (queries.embeddings[q * length + d]! - references.embeddings[r * length + d]!) ** 2
      return sum
    })
    return distances.indexOf(Math.min(...distances))
  })
}

/** By `class_labels.txt`: "run01/test/item01.png run01/training/class04.png" in each line. */
async function errorRate(folder: string, answers: number[]): Promise<number> {
  const lines = (await readFile(join(folder, 'class_labels.txt'), 'utf8')).trim().split('\n')
  const wrong = lines.filter((line) => {
    const [item, character] = [...line.matchAll(/(\d+)\.png/g)].map((found) => Number(found[1]) - 1)
    return answers[item!] !== character
  })
  return wrong.length / lines.length
}
