import type { Refusal } from '../contract.ts'
import { refused } from '../engine/refusal.ts'
import { probeProcess } from '../engine/retraining/processors.ts'
import {
  fastest,
  processorNames,
  proveProcessors,
  type ProcessorName,
  type ProcessorReport,
  type StartProbe,
} from '../training/processors.ts'
import { inWords } from './processors.ts'
import type { Terminal } from './terminal.ts'

export interface ChosenProcessor {
  name: ProcessorName
  /** Why it is the CPU and not the processor that was asked for; null where it is. */
  fellBack: string | null
}

const probeEntry = new URL('../training/processor-probe-process.ts', import.meta.url)

/**
 * The processor that is asked for, if a timed step proves it, or with `auto` the fastest that proves itself. What falls
 * back to the CPU says so where nobody overlooks it. The CPU itself is the reference: it is not probed when asked for.
 */
export async function chooseProcessor(
  wanted: string,
  {
    terminal,
    line,
    startProbe,
  }: { terminal: Terminal; line(document: unknown): void; startProbe?: StartProbe },
): Promise<ChosenProcessor | Refusal> {
  if (wanted === 'cpu') return { name: 'cpu', fellBack: null }
  if (wanted !== 'auto' && !processorNames.includes(wanted as ProcessorName))
    return refused(
      'no-such-processor',
      `There is no processor ${wanted}; there are auto, ${processorNames.join(', ')}.`,
    )
  const candidates = wanted === 'auto' ? processorNames : (['cpu', wanted as ProcessorName] as const)
  const reports = await proveProcessors({ candidates, start: startProbe ?? probeProcess(probeEntry) })
  line({ kind: 'processors', processors: reports })
  if (wanted === 'auto') {
    const chosen = fastest(reports)
    if (!chosen) return refused('no-processor', inWords(reports).join('\n'))
    const others = reports.filter(({ name }) => name !== chosen.name && name !== 'cpu').map(why)
    terminal.say(`Processor: ${chosen.name} (${chosen.device}, ${chosen.msPerStep.toFixed(1)} ms per step).`)
    for (const reason of others) terminal.say(`  not ${reason}`)
    return { name: chosen.name, fellBack: null }
  }
  const found = reports.find(({ name }) => name === wanted)!
  if (found.kind === 'works') return { name: found.name, fellBack: null }
  const fellBack = why(found)
  line({ kind: 'fell-back', wanted, took: 'cpu', why: fellBack })
  for (const loud of ['', `WARNING: ${fellBack}`, `WARNING: this run FALLS BACK TO THE CPU.`, ''])
    terminal.say(loud)
  return { name: 'cpu', fellBack }
}

function why(report: ProcessorReport): string {
  switch (report.kind) {
    case 'works':
      return `${report.name}: ${report.msPerStep.toFixed(1)} ms per step`
    case 'wrong':
      return `${report.name} gives wrong numbers: its difference to the CPU is ${report.difference}`
    case 'failed':
      return `${report.name} does not work here: ${report.reason.replaceAll(/\s+/g, ' ')}`
  }
}
