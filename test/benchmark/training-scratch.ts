import { join } from 'node:path'
import { createLoss } from '../../src-main/learning/catalogue.ts'
import { lossObjective } from '../../src-main/learning/step/loss-objective.ts'
import { trainingStep } from '../../src-main/learning/step/training-step.ts'
import { checkpointPath } from '../../src-main/training/checkpoint.ts'
import { classesOf } from '../../src-main/training/data-sets/data-set.ts'
import { openDataSet } from '../../src-main/training/data-sets/open-data-set.ts'
import { exportNetwork } from '../../src-main/training/export-network.ts'
import { faceAugmentation } from '../../src-main/training/feeding/augmentation.ts'
import {
  defaultOptimiser,
  networkOf,
  optimiserOf,
  type RunDescription,
} from '../../src-main/training/run-description.ts'
import { readTensorFile } from '../../src-main/training/tensor-file.ts'
import { compare, developmentFaces, foldsOf, peopleWithSeveral, trueAcceptRate } from './training-faces.ts'
import type { Figure } from './training-figure.ts'
import { trained } from './training-run.ts'

const epochs = 6
const fmr = 1e-2

/** A small network from scratch on four fifths of the development people: TAR on the fifth after each epoch, for each seed. */
export async function fromScratch({
  shared,
  out,
  threads,
  steps = 900,
  seeds = [1, 2, 3],
}: {
  shared: string
  out: string
  threads: number
  steps?: number
  seeds?: number[]
}): Promise<Figure[]> {
  const dataSet = await developmentFaces(shared, out, threads)
  const whole = await openDataSet(dataSet)
  const groups = foldsOf(whole.classes, 5, 1)
  const heldOut = classesOf(whole, (_, person) => groups[person] === 0)
  const training = classesOf(whole, (_, person) => groups[person] !== 0)
  const curves: number[][] = []
  for (const seed of seeds) {
    console.log(`seed ${seed}`)
    const stepsPerEpoch = Math.max(1, Math.round(steps / epochs))
    const description: RunDescription = {
      dataSet,
      classes: training.classes,
      network: { name: 'small-res-net', sidePx: 112 },
      from: { kind: 'scratch' },
      depth: 'all',
      loss: { id: 'triplet', miner: 'facenet-semi-hard' },
      optimiser: defaultOptimiser,
      sampler: { kind: 'people-and-photographs', people: 16, photographs: 4 },
      augmentation: faceAugmentation,
      epochs: Math.max(epochs, Math.round(steps / Math.floor(peopleWithSeveral(training) / 16))), // the sampler's
      seed,
    }

    // The step whose state the checkpoints hold, to read parameters out of them.
    const network = networkOf(description.network)
    const { id, ...options } = description.loss
    const sizes = { classes: training.classes.length, embeddingLength: network.embeddingLength }
    const objective = lossObjective(createLoss(id, { ...options, ...sizes }), sizes)
    const step = trainingStep({ network, objective, optimiser: optimiserOf(description.optimiser) })
    const folder = join(out, 'scratch', `seed-${seed}`)
    const curve: number[] = []
    await trained(description, {
      out: folder,
      threads,
      checkpointEverySteps: stepsPerEpoch,
      onCheckpoint: async (done) => {
        const { tensors } = await readTensorFile(checkpointPath(folder))
        const { onnx } = await exportNetwork(network, step.finish(tensors), {})
        const rate = trueAcceptRate(await compare(onnx, network, heldOut, threads), fmr)
        curve.push(rate)
        console.log(
          `  after step ${done}: TAR at FMR ${fmr} ${(100 * rate).toFixed(1)} % on ${heldOut.classes.length} other people`,
        )
      },
    })
    curves.push(curve)
  }
  const rising = curves.filter((curve) => curve.at(-1)! > curve[0]!)
  return [
    {
      what: `LFW development people, small ResNet from scratch, triplet semi-hard, TAR at FMR ${fmr} on ${heldOut.classes.length} people not trained on`,
      asked: 'last epoch above the first in three seeds of three',
      measured: `${rising.length} of ${curves.length}; ${curves
        .map((curve, i) => `seed ${seeds[i]}: ${curve.map((rate) => (100 * rate).toFixed(1)).join(', ')} %`)
        .join('; ')} (deep-funneled photographs)`,
      reached: rising.length === curves.length,
      values: Object.fromEntries(curves.map((curve, i) => [`seed${seeds[i]}`, curve])),
    },
  ]
}
