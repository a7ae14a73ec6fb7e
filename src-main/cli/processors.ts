import { probeProcess } from '../engine/retraining/processors.ts'
import { fastest, proveProcessors, type ProcessorReport } from '../training/processors.ts'
import { done, type Outcome } from './outcome.ts'
import { columns } from './shown.ts'
import type { Terminal } from './terminal.ts'

const probeEntry = new URL('../training/processor-probe-process.ts', import.meta.url)

/** Runs a real training step on everything that may run one, each in a process of its own, and compares it with the CPU. */
export async function processors(terminal: Terminal): Promise<Outcome> {
  terminal.say('Running a training step on every processor…')
  const reports = await proveProcessors({ start: probeProcess(probeEntry) })
  return done({ processors: reports, chosen: fastest(reports)?.name ?? null }, inWords(reports))
}

/** What was found, as a table, and which one training would take. */
export function inWords(reports: readonly ProcessorReport[]): string[] {
  const chosen = fastest(reports)
  return [
    ...columns([
      ['processor', 'ms per step', 'difference to the CPU', 'device, or why not'],
      ...reports.map((report) => [report.name, ...cells(report)]),
    ]),
    '',
    chosen
      ? `Training runs on ${chosen.name}: the fastest that gives the CPU’s numbers.`
      : 'No processor ran the step: training is not possible here.',
  ]
}

function cells(report: ProcessorReport): [string, string, string] {
  switch (report.kind) {
    case 'works':
      return [report.msPerStep.toFixed(1), difference(report.difference), report.device]
    case 'wrong':
      return [
        report.msPerStep.toFixed(1),
        difference(report.difference),
        `${report.device}: its numbers are wrong`,
      ]
    case 'failed':
      return ['–', '–', report.reason.replaceAll(/\s+/g, ' ')]
  }
}

const difference = (value: number) => (Number.isNaN(value) ? 'not a number' : value.toExponential(1))
