import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '../gallery/durable-file.ts'
import { createLoss } from '../learning/catalogue.ts'
import { initialParameters, initialStatistics, type Values } from '../learning/networks/initialise.ts'
import { parameterCount, stagesAtDepth, type Network } from '../learning/networks/network.ts'
import { recognitionWeights } from '../learning/networks/recognition-weights.ts'
import { gradualUnfreezing } from '../learning/schedules/unfreezing.ts'
import { lossObjective } from '../learning/step/loss-objective.ts'
import { trainingStep } from '../learning/step/training-step.ts'
import { loadCheckpoint } from './checkpoint.ts'
import { classesOf } from './data-sets/data-set.ts'
import { openDataSet } from './data-sets/open-data-set.ts'
import { embedDataSet } from './embed.ts'
import { exportNetwork } from './export-network.ts'
import { feedBeside } from './feeding/feed.ts'
import { objectiveInputs } from './objective-inputs.ts'
import { networkOf, optimiserOf, scheduleOf, type RunDescription } from './run-description.ts'
import { sharedDescription } from './shared-description.ts'
import type { OpenRunner } from './step-runner.ts'
import { readTensorFile, writeTensorFile } from './tensor-file.ts'
import { train, type Phase, type TrainingEvent } from './trainer.ts'

export interface RunPlace {
  /** Receives `checkpoint.safetensors`, `trained.safetensors`, `trained.onnx` and `report.json`. */
  out: string
  /** Goes on from the checkpoint in `out`, where there is one. */
  resume: boolean
  openRunner: OpenRunner
  /** The program of the feeding thread. */
  feedThread: URL
  checkpointEverySteps?: number
  /** For the forward passes outside the step. */
  threads?: number
}

export type RunEvent =
  | { kind: 'begun'; classes: number; parameters: number; steps: number; stepsPerEpoch: number; from: number }
  | TrainingEvent
  | { kind: 'finished'; onnx: string; difference: number }

/** Trains as described and leaves the network, its file and its curves in `out`. Throws a sentence where the description cannot be followed. */
export async function* runTraining(description: RunDescription, place: RunPlace): AsyncGenerator<RunEvent> {
  const { seed, optimiser, loss: chosen, memory } = description
  const { out, checkpointEverySteps = 100, threads = 1 } = place
  const network = networkOf(description.network)
  const [sidePx, , channels] = network.input as [number, number, 1 | 3]
  const feed = await feedBeside({ ...description, sidePx, channels }, place.feedThread)
  try {
    const { id, ...options } = chosen
    const sizes = { classes: feed.classes.length, embeddingLength: network.embeddingLength }
    const objective = lossObjective(createLoss(id, { ...options, ...sizes }), {
      ...sizes,
      ...(memory && { memory }),
      referenceLength: network.embeddingLength,
    })
    const start = await startOf(description, network)
    start.parameters = { ...initialParameters(objective.parameters, seed), ...start.parameters }
    const steps = description.epochs * feed.stepsPerEpoch
    await mkdir(out, { recursive: true }) // not before it is known that the description can be followed
    const settings = JSON.stringify(description)
    const left = place.resume ? await loadCheckpoint(out, settings) : null
    yield {
      kind: 'begun',
      classes: feed.classes.length,
      parameters: parameterCount(network),
      steps,
      stepsPerEpoch: feed.stepsPerEpoch,
      from: left?.stepsDone ?? 0,
    }

    const isOver = left !== null && left.stepsDone >= steps // only the files are written again
    const needsReference = objective.inputs.some(({ name }) => name === 'reference')
    const needsWeights = objective.inputs.some(({ name }) => name === 'classWeights')
    const dataSet = !isOver && (needsReference || needsWeights) ? await opened(description) : null
    const running = train(
      {
        phases: phasesOf(network, description, (trainableStages) =>
          trainingStep({
            network,
            objective,
            optimiser: optimiserOf(optimiser),
            trainableStages,
            weightDecay: optimiser.weightDecay,
            clipNorm: optimiser.clipNorm,
            objectiveLearningRate: optimiser.lossLearningRate,
          }),
        ),
        steps,
        schedule: scheduleOf(optimiser, steps, feed.stepsPerEpoch),
        feed,
        openRunner: place.openRunner,
        start,
        settings,
        ...(!isOver && {
          objectiveInputs: objectiveInputs({
            objective,
            batchSize: feed.batchSize,
            seed,
            ...(needsReference && {
              reference: (
                await embedDataSet((await exportNetwork(network, start, {})).onnx, network, dataSet!, {
                  threads,
                })
              ).embeddings,
            }),
            ...(needsWeights && { classWeights: inverseFrequencies(dataSet!.labels, feed.classes.length) }),
          }),
        }),
        checkpoints: { folder: out, everySteps: checkpointEverySteps },
      },
      left,
    )

    const curves: Extract<TrainingEvent, { kind: 'step' }>[] = left
      ? await curvesUpTo(out, left.stepsDone)
      : []
    for (;;) {
      const { value, done } = await running.next()
      if (!done) {
        if (value.kind === 'step') curves.push(value)
        if (value.kind === 'checkpoint') await writeReport(out, { description, curves })
        yield value
        continue
      }
      const training = JSON.stringify(sharedDescription(description))
      const exported = await exportNetwork(network, value, { training, steps: String(value.stepsDone) })
      await writeTensorFile(join(out, 'trained.safetensors'), {
        tensors: { ...value.parameters, ...value.statistics },
        notes: { network: JSON.stringify(description.network), training },
      })
      const onnx = join(out, 'trained.onnx')
      await replaceFile(onnx, exported.onnx)
      await writeReport(out, { description, curves, exported: { difference: exported.difference } })
      yield { kind: 'finished', onnx, difference: exported.difference }
      return
    }
  } finally {
    await feed.close()
  }
}

/** The data set, of the classes that are trained on. */
async function opened({ dataSet, classes }: RunDescription) {
  const whole = await openDataSet(dataSet)
  const wanted = classes && new Set(classes)
  return wanted ? classesOf(whole, (name) => wanted.has(name)) : whole
}

/** Parameters and statistics to begin with. */
async function startOf({ from, seed }: RunDescription, network: Network) {
  const statistics = initialStatistics(network.statistics)
  switch (from.kind) {
    case 'scratch':
      return { parameters: initialParameters(network.parameters, seed), statistics }
    case 'pretrained': {
      if (network.name !== 'recognition')
        throw new Error(
          `${network.name} has no pre-trained weights here: start it from scratch or from a file`,
        )
      const file = (name: string) => readFile(join(from.folder, `face_recognition_model${name}`))
      const manifest: unknown = JSON.parse((await file('-weights_manifest.json')).toString())
      return { parameters: recognitionWeights(manifest, await file('.bin')), statistics }
    }
    case 'file': {
      const { tensors } = await readTensorFile(from.file)
      const pick = (owners: readonly { name: string }[]): Values =>
        Object.fromEntries(
          owners.map(({ name }) => {
            if (!tensors[name]) throw new Error(`${from.file} holds no ${name}: it is of another network`)
            return [name, tensors[name]]
          }),
        )
      return { parameters: pick(network.parameters), statistics: pick(network.statistics) }
    }
  }
}

function phasesOf(
  network: Network,
  { depth, unfreezeEverySteps }: RunDescription,
  stepFor: (stages: readonly string[]) => Phase['step'],
): Phase[] {
  const stages = stagesAtDepth(network, depth)
  if (!unfreezeEverySteps) return [{ fromStep: 0, step: stepFor(stages) }]
  return gradualUnfreezing(stages, unfreezeEverySteps).map((part) => ({
    fromStep: part.fromStep,
    step: stepFor(part.stages),
  }))
}

/** Rare classes count more: total / (classes · members). */
function inverseFrequencies(labels: Int32Array, classes: number): Float32Array<ArrayBuffer> {
  const counts = new Float32Array(classes)
  for (const label of labels) counts[label]!++
  return counts.map((count) => labels.length / (classes * Math.max(count, 1)))
}

interface Report {
  description: RunDescription
  curves: Extract<TrainingEvent, { kind: 'step' }>[]
  exported?: { difference: number }
}

const reportPath = (out: string) => join(out, 'report.json')
const writeReport = (out: string, report: Report) => replaceFile(reportPath(out), JSON.stringify(report))

/** What a run that is continued had written, up to its checkpoint. */
async function curvesUpTo(out: string, stepsDone: number): Promise<Report['curves']> {
  const { curves } = JSON.parse(await readFile(reportPath(out), 'utf8')) as Report
  return curves.filter(({ step }) => step <= stepsDone)
}
