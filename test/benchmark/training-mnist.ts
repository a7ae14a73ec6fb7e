import { join } from 'node:path'
import { judge } from '../../src-main/cli/train-judge.ts'
import { writeReport } from '../../src-main/cli/train-report.ts'
import { openDataSet, type DataSetDescription } from '../../src-main/training/data-sets/open-data-set.ts'
import { noAugmentation } from '../../src-main/training/feeding/augmentation.ts'
import { defaultOptimiser, type RunDescription } from '../../src-main/training/run-description.ts'
import type { Figure } from './training-figure.ts'
import { trained } from './training-run.ts'

/** Triplets on 10,000 digits of MNIST's training set; nearest neighbours of the 10,000 official test digits. */
export async function mnistDigits({
  shared,
  out,
  threads,
  steps = 500,
}: {
  shared: string
  out: string
  threads: number
  steps?: number
}): Promise<Figure[]> {
  const digits = (prefix: string, labels: string): DataSetDescription => ({
    kind: 'mnist',
    images: join(shared, 'mnist', `${prefix}-images-idx3-ubyte.gz`),
    labels: join(shared, 'mnist', labels),
  })
  const training = digits('first10k_by_digit', 'first10k_by_digit-labels-idx1-ubyte')
  const test = digits('t10k', 't10k-labels-idx1-ubyte.gz')
  const figures: Figure[] = []
  for (const embeddingLength of [64, 2]) {
    const isMap = embeddingLength === 2
    const description: RunDescription = {
      dataSet: training,
      network: {
        name: 'small-res-net',
        ...{ sidePx: 28, channels: 1, widths: [16, 32, 64], embeddingLength },
      },
      from: { kind: 'scratch' },
      depth: 'all',
      // Two numbers of unit length would be a circle: the map is of plain distances.
      loss: isMap
        ? { id: 'triplet', settings: { margin: 1 }, unitLength: false }
        : { id: 'triplet', settings: { margin: 0.2 } },
      optimiser: { ...defaultOptimiser, learningRate: 2e-3 },
      sampler: { kind: 'people-and-photographs', people: 10, photographs: 8 },
      augmentation: { ...noAugmentation, rollDegrees: 10, scale: 0.1, shift: 0.05 },
      epochs: steps, // ten classes, all of them in each batch: an epoch of the sampler is one step
      seed: 1,
    }
    const run = await trained(description, { out: join(out, `mnist-${embeddingLength}`), threads })
    const begun = performance.now()
    const references = await openDataSet(training)
    const judged = await judge(run.onnx, description.network, await openDataSet(test), references, {
      threads,
      unitLength: !isMap,
    })
    const { accuracy } = judged.nearestNeighbour!
    const judging = (performance.now() - begun) / 1000
    const report = await writeReport(join(out, `mnist-${embeddingLength}`), {
      processor: { name: 'cpu', device: `${threads} threads`, fellBack: null },
      classes: references.classes.length,
      pictures: references.labels.length,
      judgement: judged,
    })
    console.log(`  ${report}`)
    figures.push({
      what: `MNIST, triplets, ${embeddingLength} dimensions, nearest neighbour of ${judged.pictures} official test digits`,
      asked: isMap ? 'measured' : '≥ 97 % in under 3 minutes',
      measured: `${(100 * accuracy).toFixed(2)} % after ${run.seconds.toFixed(0)} s of training (${run.steps} steps; judging ${judging.toFixed(0)} s)`,
      reached: isMap ? null : accuracy >= 0.97 && run.seconds < 180,
      values: { accuracy, seconds: run.seconds },
    })
  }
  return figures
}
