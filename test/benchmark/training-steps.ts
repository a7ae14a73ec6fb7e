import { fork } from 'node:child_process'
import * as tf from '@tensorflow/tfjs'
import { createLoss } from '../../src-main/learning/catalogue.ts'
import { initialParameters, initialStatistics } from '../../src-main/learning/networks/initialise.ts'
import { linearMap } from '../../src-main/learning/networks/linear-map.ts'
import { mobileFaceNet } from '../../src-main/learning/networks/mobile-face-net.ts'
import { size, type Network } from '../../src-main/learning/networks/network.ts'
import { recognitionNet } from '../../src-main/learning/networks/recognition-net.ts'
import { smallResNet } from '../../src-main/learning/networks/small-res-net.ts'
import { adamW } from '../../src-main/learning/optimisers/adam.ts'
import { random } from '../../src-main/learning/random.ts'
import { lossObjective } from '../../src-main/learning/step/loss-objective.ts'
import { trainingStep, type TrainingStep } from '../../src-main/learning/step/training-step.ts'
import { eagerRunner } from '../../src-main/training/eager-runner.ts'
import { blockOf, openTraced, traceStep } from '../../src-main/training/onnx-runner.ts'
import { openProcessor } from '../../src-main/training/open-processor.ts'
import type { ProcessorName } from '../../src-main/training/processors.ts'
import type { StepInputs, StepRunner } from '../../src-main/training/step-runner.ts'
import type { Figure } from './training-figure.ts'
import { startTorch, type Times } from './training-torch.ts'

export interface StepOptions {
  threads: number
  python: string
  /** Also timed on this, beside the CPU. */
  processor: ProcessorName
  /** Of these workloads only. */
  workloads: string[] | null
  rounds: number
}

interface Workload {
  name: string
  label: string
  network: () => Network
  batch: number
  /** Steps of a round: a second's worth, or one. */
  steps: number
  asked: number | null // time against PyTorch
}

const workloads: Workload[] = [
  {
    name: 'small-res-net',
    label: 'small ResNet, 112 px, batch 32',
    network: () => smallResNet(),
    batch: 32,
    steps: 4,
    asked: 1.3,
  },
  {
    name: 'mobile-face-net',
    label: 'MobileFaceNet, 112 px, batch 8',
    network: () => mobileFaceNet(),
    batch: 8,
    steps: 4,
    asked: 1.2,
  },
  {
    name: 'recognition',
    label: 'recognition net, 150 px, all layers, batch 64',
    network: () => recognitionNet(),
    batch: 64,
    steps: 1,
    asked: 1.2,
  },
  {
    name: 'head',
    label: 'head 256→128, batch 256, batch-hard triplets',
    network: () => linearMap({ featuresLength: 256, embeddingLength: 128 }),
    batch: 256,
    steps: 200,
    asked: null,
  },
]

/** Whole training steps, ours and PyTorch's by turns, and what a step costs besides time. */
export async function steps(options: StepOptions): Promise<Figure[]> {
  const { threads, rounds } = options
  await quietTensorflow()
  const figures: Figure[] = []
  const torch = await startTorch(options.python, threads, 'cpu')
  const cuda = options.processor === 'cpu' ? null : await startTorch(options.python, threads, 'cuda')
  console.log(
    torch
      ? `PyTorch ${torch.version} on the same ${threads} threads; the faster of its two memory layouts counts`
      : `no PyTorch: ${options.python} -c "import torch" does not work`,
  )
  for (const workload of workloads.filter(({ name }) => options.workloads?.includes(name) ?? true)) {
    const { step, inputs, start } = prepared(workload.network(), workload.batch)
    const begun = performance.now()
    const cpu = { executionProviders: ['cpu'], threads }
    const traced = traceStep(step, workload.batch, await blockOf(cpu))
    const tracedMs = performance.now() - begun
    const ours = await openTraced(traced, start, cpu)
    const openMs = performance.now() - begun
    const other = options.processor === 'cpu' ? null : await openProcessor(options.processor, { threads })
    const theirs = other && (await other.openRunner(step, workload.batch, start).catch(said))

    const [mine, torchDefault, torchLast, otherTimes, cudaTimes] = Array.from({ length: 5 }, sum)
    await timed(ours, step, inputs, 2) // warm
    if (theirs) await timed(theirs, step, inputs, 3)
    for (let round = 0; round < rounds; round++) {
      mine!.add(await timed(ours, step, inputs, workload.steps))
      const asked = { workload: workload.name, batch: workload.batch, steps: workload.steps }
      if (torch) {
        torchDefault!.add(await torch.time({ ...asked, layout: 'default' }))
        if (workload.name !== 'head') torchLast!.add(await torch.time({ ...asked, layout: 'channels_last' }))
      }
      if (theirs) otherTimes!.add(await timed(theirs, step, inputs, workload.steps))
      if (cuda && cuda.device !== 'CPU')
        cudaTimes!.add(await cuda.time({ ...asked, layout: 'channels_last' }))
    }
    await ours.release()
    if (theirs) await theirs.release()

    const ms = mine!.median()
    const best = Math.min(torchDefault!.median(), torchLast!.median())
    const bestCpu = Math.min(torchDefault!.cpu(), torchLast!.cpu())
    const [ratio, cpuRatio] = [ms / best, mine!.cpu() / bestCpu]
    const layouts = [
      `default ${torchDefault!.words()}`,
      ...(torchLast!.isEmpty() ? [] : [`channels_last ${torchLast!.words()}`]),
    ]
    const parts = [
      mine!.words(),
      ...(torch
        ? [
            `PyTorch ${layouts.join(', ')}`,
            `ratio ${ratio.toFixed(2)}, of processor time ${cpuRatio.toFixed(2)}`,
          ]
        : []),
      ...(otherTimes!.isEmpty() ? [] : [`${options.processor} ${otherTimes!.words()}`]),
      ...(cudaTimes!.isEmpty() ? [] : [`PyTorch on ${cuda!.device} ${cudaTimes!.words()}`]),
    ]
    figures.push({
      what: `step, ${workload.label}`,
      asked: workload.asked === null ? '≥ 300 steps a second' : `≤ ${workload.asked} × PyTorch`,
      measured: parts.join('; '),
      reached: workload.asked === null ? 1000 / ms >= 300 : torch ? ratio <= workload.asked : null,
      values: {
        ms,
        cpuMs: mine!.cpu(),
        ...(torch && { torchMs: best, ratio, torchCpuMs: bestCpu, cpuRatio }),
      },
    })
    figures.push({
      what: `trace + session, ${workload.label}`,
      asked: '≤ 1 s',
      measured: `${tracedMs.toFixed(0)} ms + ${(openMs - tracedMs).toFixed(0)} ms, ${(traced.model.length / 1e6).toFixed(1)} MB`,
      reached: openMs <= 1000,
      values: { tracedMs, openMs },
    })
    for (const figure of figures.slice(-2)) console.log(`  ${figure.what}: ${figure.measured}`)
    if (workload.name === 'small-res-net') {
      figures.push(await againstTensorflow(workload, mine!.cpu()))
      console.log(`  ${figures.at(-1)!.what}: ${figures.at(-1)!.measured}`)
    }
  }
  torch?.close()
  cuda?.close()
  if (options.workloads === null || options.workloads.includes('memory')) figures.push(await memory(threads))
  return figures
}

/** The backend that tracing goes back to, without its advice to install another. */
async function quietTensorflow() {
  tf.env().set('PROD', true)
  await tf.setBackend('cpu')
}

const said = (error: unknown) => {
  console.log(`  the processor did not open the step: ${(error as Error).message}`)
  return null
}

/** A whole training step of a network as users run it: batch-hard triplets, AdamW, clipping, health. */
function prepared(network: Network, batch: number) {
  const loss = createLoss('triplet', { miner: 'batch-hard', embeddingLength: network.embeddingLength })
  const step = trainingStep({
    network,
    objective: lossObjective(loss, { embeddingLength: network.embeddingLength }),
    optimiser: adamW(),
    weightDecay: 0.01,
    clipNorm: 5,
  })
  const source = random(1, network.name)
  const inputs: StepInputs = {
    images: Float32Array.from({ length: batch * size(network.input) }, () => 255 * source.uniform()),
    labels: Int32Array.from({ length: batch }, (_, i) => i >> (batch > 2 ? 2 : 1)),
  }
  const start = step.start({
    parameters: initialParameters(network.parameters, 1),
    statistics: initialStatistics(network.statistics),
  })
  return { step, inputs, start }
}

async function timed(
  runner: StepRunner,
  step: TrainingStep,
  inputs: StepInputs,
  steps: number,
): Promise<Times> {
  const ms: number[] = []
  const before = process.cpuUsage()
  for (let at = 1; at <= steps; at++) {
    const begun = performance.now()
    await runner.run({ ...inputs, scalars: step.scalarsAt(at, 1e-4) })
    ms.push(performance.now() - begun)
  }
  const { user, system } = process.cpuUsage(before)
  return { ms, cpuMs: (user + system) / 1000 }
}

/** Times of several rounds. Processor time says something on a busy machine too, where the clock does not. */
function sum() {
  const ms: number[] = []
  let cpuMs = 0
  const median = () => [...ms].sort((a, b) => a - b)[ms.length >> 1] ?? Infinity
  const cpu = () => (ms.length ? cpuMs / ms.length : Infinity)
  return {
    add(times: Times) {
      ms.push(...times.ms)
      cpuMs += times.cpuMs
    },
    median,
    cpu,
    isEmpty: () => ms.length === 0,
    words: () =>
      `${median().toFixed(1)} ms (fastest ${Math.min(...ms).toFixed(1)}, processor time ${cpu().toFixed(1)})`,
  }
}

/**
 * TensorFlow.js on its own `cpu` backend, from a batch of two: a batch of 32 would take minutes. Both as processor time,
 * ours of all threads together, so that a busy machine flatters neither.
 */
async function againstTensorflow({ network, batch, label }: Workload, ours: number): Promise<Figure> {
  const small = 2
  const { step, inputs, start } = prepared(network(), small)
  const runner = await eagerRunner(step, small, start)
  await timed(runner, step, inputs, 1) // warms the compiler
  const { cpuMs } = await timed(runner, step, inputs, 1)
  await runner.release()
  const extrapolated = cpuMs * (batch / small) // one thread: its time on a machine of its own
  const factor = extrapolated / ours
  return {
    what: `step, ${label}, against TensorFlow.js cpu`,
    asked: '≥ 500 times faster',
    measured: `${factor.toFixed(0)} times (${(extrapolated / 1000).toFixed(0)} s, from a batch of ${small})`,
    reached: factor >= 500,
    values: { factor, extrapolatedMs: extrapolated },
  }
}

/** The largest memory of a process that does nothing but train a MobileFaceNet at batch 32. */
async function memory(threads: number): Promise<Figure> {
  const child = fork(import.meta.filename, ['memory', String(threads)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const bytes = await new Promise<number>((resolve, reject) => {
    child.once('message', (peak) => resolve(peak as number))
    child.once('exit', (code) => reject(new Error(`the memory's process ended with code ${code}`)))
  })
  return {
    what: 'memory, MobileFaceNet, batch 32',
    asked: '≤ 2 GB',
    measured: `${(bytes / 1e9).toFixed(2)} GB at most`,
    reached: bytes <= 2e9,
    values: { bytes },
  }
}

if (process.argv[2] === 'memory' && process.send) {
  await quietTensorflow()
  const { step, inputs, start } = prepared(mobileFaceNet(), 32)
  const { openRunner } = await openProcessor('cpu', { threads: Number(process.argv[3]) })
  const runner = await openRunner(step, 32, start)
  await timed(runner, step, inputs, 5)
  process.send(1024 * process.resourceUsage().maxRSS, () => process.exit(0))
}
