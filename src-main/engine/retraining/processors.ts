import { fork, type ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import type { ProcessorTried, RetrainPlan, RetrainWish } from '../../contract.ts'
import { replaceFile } from '../../gallery/durable-file.ts'
import {
  fastest,
  processorNames,
  proveProcessors,
  type ProcessorReport,
  type StartProbe,
} from '../../training/processors.ts'
import type { Job } from '../jobs.ts'
import { thisMachine } from './timings.ts'
import { withoutSecrets } from './trainer.ts'

const fileName = 'processors.json'

const Remembered = v.object({
  machine: v.string(),
  tried: v.array(
    v.object({
      processor: v.picklist(processorNames),
      device: v.nullable(v.string()),
      msPerStep: v.nullable(v.number()),
      difference: v.nullable(v.number()),
      trouble: v.nullable(v.string()),
      chosen: v.boolean(),
    }),
  ),
})

/** Times a real step on every processor and remembers it, in the home folder, for this machine. Cancelled, it remembers nothing. */
export async function tryProcessors(
  home: string,
  start: StartProbe,
  job: Pick<Job, 'signal' | 'progress'>,
): Promise<ProcessorTried[]> {
  let begun = 0
  const reports = await proveProcessors({
    start: (name) => {
      job.progress(begun++, processorNames.length, `Timing a training step: ${inWords[name]}`)
      return stoppable(start(name), job.signal)
    },
  })
  if (job.signal.aborted) return triedProcessors(home)
  const chosen = fastest(reports)?.name
  const tried = reports.map((report) => triedOf(report, report.name === chosen))
  await replaceFile(join(home, fileName), JSON.stringify({ machine: thisMachine(), tried }))
  return tried
}

/** What was found on this machine; nothing where it was found on another, or was not tried. */
export async function triedProcessors(home: string): Promise<ProcessorTried[]> {
  try {
    const { machine, tried } = v.parse(Remembered, JSON.parse(await readFile(join(home, fileName), 'utf8')))
    return machine === thisMachine() ? tried : []
  } catch {
    return [] // not there, or no such file any more: it is only a memory, and can be tried again
  }
}

/** What a run takes, and why that. */
export function processorFor(
  { processor: wanted, depth }: Pick<RetrainWish, 'processor' | 'depth'>,
  tried: readonly ProcessorTried[],
): { name: ProcessorTried['processor']; device: string; why: string } {
  const of = (name: ProcessorTried['processor'], why: string) => ({
    name,
    device: tried.find(({ processor }) => processor === name)?.device ?? inWords[name],
    why,
  })
  if (wanted !== 'fastest') {
    const trouble = tried.find(({ processor }) => processor === wanted)?.trouble
    return trouble
      ? of('cpu', `You chose ${inWords[wanted]}, which does not work here, so the CPU trains: ${trouble}`)
      : of(wanted, 'You chose it.')
  }
  if (depth === 'head')
    return of(
      'cpu',
      'A head is trained over embeddings that are there already: the CPU does that in seconds.',
    )
  const chosen = tried.find((each) => each.chosen)
  if (!chosen) return of('cpu', 'Other processors were not tried here yet.')
  const cpu = tried.find(({ processor }) => processor === 'cpu')
  return chosen.processor === 'cpu' || !cpu?.msPerStep || !chosen.msPerStep
    ? of(chosen.processor, 'It is the fastest here that gives the CPU’s numbers.')
    : of(
        chosen.processor,
        `It is ${(cpu.msPerStep / chosen.msPerStep).toFixed(1)} times as fast as the CPU and gives its numbers.`,
      )
}

/** The processor as a plan says it. */
export function plannedProcessor(
  wish: Pick<RetrainWish, 'processor' | 'depth'>,
  tried: readonly ProcessorTried[],
): RetrainPlan['processor'] {
  const { name, device, why } = processorFor(wish, tried)
  return { processor: name, device, why }
}

/** Starts `entry` (`processor-probe-process.ts`), whose environment says nothing of ours. */
export function probeProcess(entry: URL): StartProbe {
  return (name) =>
    fork(entry, [name], { env: withoutSecrets(process.env), stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
}

const inWords: Record<ProcessorTried['processor'], string> = {
  cpu: 'CPU',
  webgpu: 'WebGPU',
  dml: 'DirectML',
  cuda: 'CUDA',
  tensorflow: 'TensorFlow',
}

function triedOf(report: ProcessorReport, chosen: boolean): ProcessorTried {
  const { name: processor } = report
  switch (report.kind) {
    case 'works':
    case 'wrong': {
      const { device, msPerStep, difference } = report
      const trouble =
        report.kind === 'works' ? null : `Its numbers differ from the CPU’s (${difference.toExponential(1)}).`
      return { processor, device, msPerStep, difference: finite(difference), trouble, chosen }
    }
    case 'failed':
      return { processor, device: null, msPerStep: null, difference: null, trouble: report.reason, chosen }
  }
}

/** JSON knows no NaN. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}

function stoppable(child: ChildProcess, signal: AbortSignal): ChildProcess {
  const stop = () => void child.kill('SIGKILL')
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  child.once('close', () => signal.removeEventListener('abort', stop))
  return child
}
