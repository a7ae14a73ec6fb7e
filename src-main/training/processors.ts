import type { ChildProcess } from 'node:child_process'
import type { ProbeMessage } from './processor-probe.ts'

/** What may run a training step. */
export const processorNames = ['cpu', 'webgpu', 'dml', 'cuda', 'tensorflow'] as const
export type ProcessorName = (typeof processorNames)[number]

/** What was found about one processor. `difference` is relative, the largest over all measures of the probe's steps. */
export type ProcessorReport = { name: ProcessorName } & (
  | { kind: 'works'; device: string; msPerStep: number; openMs: number; difference: number }
  | { kind: 'wrong'; device: string; msPerStep: number; difference: number }
  | { kind: 'failed'; reason: string }
)

/** Starts the process that probes a processor and reports by `process.send`. */
export type StartProbe = (name: ProcessorName) => ChildProcess

export interface ProvingSettings {
  candidates?: readonly ProcessorName[]
  start: StartProbe
  timeoutMs?: number
  /** Single precision in another order of sums; the same on every processor but wrong arithmetic. */
  tolerance?: number
}

/**
 * Runs a real step on every candidate, each in a process of its own, one after the other so that their times are their
 * own, and compares each with the CPU. Whatever a driver does takes its probe down and nothing else.
 */
export async function proveProcessors({
  candidates = processorNames,
  start,
  timeoutMs = 60_000, // WebGPU compiles each kernel on its first use
  tolerance = 5e-3,
}: ProvingSettings): Promise<ProcessorReport[]> {
  const reference = await probeIn(start('cpu'), timeoutMs)
  const reports: ProcessorReport[] = []
  for (const name of candidates) {
    const found = name === 'cpu' ? reference : await probeIn(start(name), timeoutMs)
    if (found.kind === 'unavailable') reports.push({ name, kind: 'failed', reason: found.reason })
    else if (reference.kind === 'unavailable')
      reports.push({
        name,
        kind: 'failed',
        reason: `the CPU gave nothing to compare with: ${reference.reason}`,
      })
    else {
      const { device, msPerStep, openMs } = found
      const difference = largestDifference(found.result, reference.result)
      // written so that NaN is wrong too
      if (difference <= tolerance)
        reports.push({ name, kind: 'works', device, msPerStep, openMs, difference })
      else reports.push({ name, kind: 'wrong', device, msPerStep, difference })
    }
  }
  return reports
}

/** The fastest of those that answered right, or null. */
export function fastest(
  reports: readonly ProcessorReport[],
): Extract<ProcessorReport, { kind: 'works' }> | null {
  const working = reports.filter((report) => report.kind === 'works')
  return working.sort((a, b) => a.msPerStep - b.msPerStep)[0] ?? null
}

const keptErrorLength = 2000 // characters, from the end: the last words of a driver are the ones that matter

function probeIn(child: ChildProcess, timeoutMs: number): Promise<ProbeMessage> {
  return new Promise((give) => {
    let said = ''
    let found: ProbeMessage | null = null
    const lastWords = () => (said.trim() ? `: ${said.trim().slice(-keptErrorLength)}` : '')
    const timer = setTimeout(() => {
      found ??= { kind: 'unavailable', reason: `no answer within ${timeoutMs / 1000} s${lastWords()}` }
      child.kill('SIGKILL') // a process stuck in a driver does not hear a gentler signal
    }, timeoutMs)
    child.stderr?.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-keptErrorLength)))
    child.on('message', (message) => {
      found ??= message as ProbeMessage
      child.kill('SIGKILL') // it has said all; some drivers hang or crash when they are put away
    })
    child.on('error', (error) => (found ??= { kind: 'unavailable', reason: error.message }))
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const end = signal ? `was ended by ${signal}` : `ended with code ${code}`
      give(found ?? { kind: 'unavailable', reason: `its process ${end}${lastWords()}` })
    })
  })
}

function largestDifference(found: readonly number[], reference: readonly number[]): number {
  if (found.length !== reference.length) return NaN
  return found.reduce((largest, value, i) => {
    const difference = Math.abs(value - reference[i]!) / Math.max(Math.abs(reference[i]!), 1e-2)
    return difference <= largest ? largest : difference // NaN becomes the largest
  }, 0)
}
