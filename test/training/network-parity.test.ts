import { createRequire } from 'node:module'
import { readFile } from 'node:fs/promises'
import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  initialParameters,
  initialStatistics,
  type Values,
} from '../../src-main/learning/networks/initialise.ts'
import { kochSiamese } from '../../src-main/learning/networks/koch-siamese.ts'
import { mobileFaceNet } from '../../src-main/learning/networks/mobile-face-net.ts'
import { size, stagesAtDepth, type Depth, type Network } from '../../src-main/learning/networks/network.ts'
import { nn4Small } from '../../src-main/learning/networks/nn4-small.ts'
import { recognitionNet } from '../../src-main/learning/networks/recognition-net.ts'
import { recognitionWeights } from '../../src-main/learning/networks/recognition-weights.ts'
import { smallResNet } from '../../src-main/learning/networks/small-res-net.ts'
import { sgd } from '../../src-main/learning/optimisers/sgd.ts'
import { random } from '../../src-main/learning/random.ts'
import { objectiveOf } from '../../src-main/learning/step/objective.ts'
import { trainingStep } from '../../src-main/learning/step/training-step.ts'
import { eagerRunner } from '../../src-main/training/eager-runner.ts'
import { onnxRunner } from '../../src-main/training/onnx-runner.ts'
import type { OpenRunner } from '../../src-main/training/step-runner.ts'

beforeAll(() => tf.setBackend('cpu'))

const cpu = onnxRunner({ executionProviders: ['cpu'], threads: 2 })
/**
 * With batch normalisation four: two samples of a 1×1 map are ±1 whatever they were. The recognition net, whose samples
 * do not meet, goes alone: its step takes TensorFlow.js cpu most of a minute for two.
 */
const batchOf = (network: Network) =>
  network.statistics.length > 0 ? 4 : network.name === 'recognition' ? 1 : 2

/** A fixed weight for each number of the embedding: well conditioned, so that what differs is the network's doing. */
const projection = objectiveOf('projection', (embeddings) =>
  embeddings
    .mul(
      tf
        .range(1, embeddings.size + 1)
        .cos()
        .reshape(embeddings.shape),
    )
    .sum(),
)

/** One step at a rate of 1 from given parameters: what they move by is the gradient. */
async function stepOnce(network: Network, parameters: Values, openRunner: OpenRunner, depth: Depth) {
  const batchSize = batchOf(network)
  const trainableStages = stagesAtDepth(network, depth)
  const step = trainingStep({
    network,
    objective: projection,
    optimiser: sgd({ momentum: 0 }),
    trainableStages,
  })
  const statistics = initialStatistics(network.statistics)
  const start = step.start({ parameters, statistics })
  const source = random(1, 'images')
  const runner = await openRunner(step, batchSize, start)
  const numbers = await runner.run({
    images: Float32Array.from({ length: batchSize * size(network.input) }, () => 255 * source.uniform()),
    labels: Int32Array.from({ length: batchSize }, (_, i) => i % 2),
    scalars: step.scalarsAt(1, 1),
  })
  const after = step.finish(await runner.state())
  await runner.release()
  return { loss: numbers[0]!, gradientNorm: numbers[1]!, after, before: step.finish(start) }
}

/** Length of the difference over all tensors together. */
function difference(a: Values, b: Values): number {
  let squares = 0
  for (const [name, values] of Object.entries(a))
    values.forEach((value, i) => (squares += (value - b[name]![i]!) ** 2))
  return Math.sqrt(squares)
}

describe('the traced step has the gradient of the eager one, through every layer', () => {
  test.each([
    ['the small ResNet', smallResNet({ sidePx: 16, widths: [4, 8], stemStride: 2, blocksPerStage: 2 })],
    ['MobileFaceNet', mobileFaceNet({ sidePx: 16 })],
    ['NN4.small', nn4Small({ sidePx: 32 })],
    ["Koch's twin", kochSiamese({ widths: [4, 6, 6, 8], embeddingLength: 16 })],
    ['the recognition net', { ...recognitionNet(), input: [103, 103, 3] }],
  ])(
    '%s',
    async (_, network) => {
      const parameters =
        network.name === 'recognition' ? await pretrained() : initialParameters(network.parameters, 1)
      const eager = await stepOnce(network, parameters, eagerRunner, 'all')
      const traced = await stepOnce(network, parameters, cpu, 'all')
      expect(eager.gradientNorm).toBeGreaterThan(1e-5)
      expect(Math.abs(traced.loss / eager.loss - 1)).toBeLessThan(1e-4)
      const norm = difference(eager.after.parameters, eager.before.parameters)
      expect(norm / eager.gradientNorm).toBeCloseTo(1, 2)
      // single precision itself is 1e-3 off in MobileFaceNet
      expect(difference(traced.after.parameters, eager.after.parameters) / norm).toBeLessThan(2e-3)
      if (network.statistics.length > 0) {
        const moved = difference(eager.after.statistics, eager.before.statistics)
        expect(difference(traced.after.statistics, eager.after.statistics) / moved).toBeLessThan(1e-4)
      }
    },
    300_000,
  )
})

test.each([['head'], ['stage'], ['all']] as const)(
  'training the recognition net to the depth %s moves those layers and leaves every bit of the others',
  async (depth) => {
    const network = { ...recognitionNet(), input: [103, 103, 3] }
    const trained = new Set(stagesAtDepth(network, depth))
    const { before, after } = await stepOnce(network, await pretrained(), cpu, depth)
    for (const { name, stage } of network.parameters)
      expect(
        Buffer.from(after.parameters[name]!.buffer).equals(Buffer.from(before.parameters[name]!.buffer)),
        name,
      ).toBe(!trained.has(stage))
  },
)

async function pretrained(): Promise<Values> {
  const file = (name: string) =>
    readFile(
      createRequire(import.meta.url)
        .resolve('@vladmandic/face-api')
        .replace(/dist.*$/, `model/face_recognition_model${name}`),
    )
  return recognitionWeights(JSON.parse((await file('-weights_manifest.json')).toString()), await file('.bin'))
}
