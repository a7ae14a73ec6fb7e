import { objectiveOf } from '../learning/step/objective.ts'
import { initialParameters, initialStatistics } from '../learning/networks/initialise.ts'
import { smallResNet } from '../learning/networks/small-res-net.ts'
import { adamW } from '../learning/optimisers/adam.ts'
import { random } from '../learning/random.ts'
import { trainingStep } from '../learning/step/training-step.ts'
import type { OpenRunner, StepInputs } from './step-runner.ts'

/** What a probe tells of the processor it ran on. */
export type ProbeMessage =
  | { kind: 'measured'; device: string; msPerStep: number; openMs: number; result: number[] }
  | { kind: 'unavailable'; reason: string }

export interface ProbeSettings {
  sidePx?: number
  batchSize?: number
  steps?: number
}

/**
 * A real training step of a small network, run a few times and timed. The result is the measures of every step: they hold
 * the loss, the gradient's norm and, from the second on, what the optimiser made of the parameters.
 */
export async function probe(
  openRunner: OpenRunner,
  device: string,
  { sidePx = 64, batchSize = 16, steps = 5 }: ProbeSettings = {},
): Promise<ProbeMessage> {
  const network = smallResNet({ sidePx, stemStride: 2 })
  const step = trainingStep({ network, objective: contrast, optimiser: adamW(), clipNorm: 1 })
  const { parameters, statistics } = step.network
  const source = random(1, 'probe')
  const inputs: StepInputs = {
    images: Float32Array.from({ length: batchSize * sidePx ** 2 * 3 }, () => 255 * source.uniform()),
    labels: Int32Array.from({ length: batchSize }, (_, i) => i >> 1),
  }
  const opening = performance.now()
  const runner = await openRunner(
    step,
    batchSize,
    step.start({
      parameters: initialParameters(parameters, 1),
      statistics: initialStatistics(statistics),
    }),
  )
  const result: number[] = []
  const times: number[] = []
  const openMs = performance.now() - opening
  for (let at = 1; at <= steps; at++) {
    const begun = performance.now()
    result.push(...(await runner.run({ ...inputs, scalars: step.scalarsAt(at, 1e-3) })))
    times.push(performance.now() - begun)
  }
  await runner.release()
  return { kind: 'measured', device, openMs, result, msPerStep: Math.min(...times) }
}

/** Pulls the cosine of pairs towards 1 for the same label and 0 for others: the smallest loss that exercises a whole step. */
const contrast = objectiveOf('contrast', (embeddings, labels) => {
  const unit = embeddings.div(embeddings.square().sum(1, true).add(1e-12).sqrt())
  const same = labels
    .reshape([-1, 1])
    .equal(labels.reshape([1, -1]))
    .cast('float32')
  return unit.matMul(unit, false, true).sub(same).square().mean()
})
