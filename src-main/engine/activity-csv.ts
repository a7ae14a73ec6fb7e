import type { Attempt, ModelEvent } from '../contract.ts'

const columns = ['time', 'claim', 'outcome', 'distance', 'threshold', 'model'] as const

/**
 * The audit log as RFC 4180 CSV, newest first, no image. A claim that a spreadsheet would run as a formula is defused.
 * Which model came into use stands between the attempts.
 * @param events newest first
 */
export function activityCsv(attempts: Iterable<Attempt>, events: readonly ModelEvent[] = []): string {
  const lines = [columns.join(',')]
  const left = [...events]
  const eventsSince = (at: number) => {
    while (left[0] && left[0].at >= at) lines.push(eventLine(left.shift()!))
  }
  for (const attempt of attempts) {
    eventsSince(attempt.at)
    lines.push(
      [
        new Date(attempt.at).toISOString(),
        cell(attempt.claim),
        attempt.outcome,
        attempt.distance?.toFixed(6) ?? '',
        attempt.threshold?.toFixed(6) ?? '',
        cell(attempt.model),
      ].join(','),
    )
  }
  eventsSince(-Infinity)
  return lines.map((line) => line + '\r\n').join('')
}

function eventLine({ at, kind, to, evenThoughRejected, evenThoughJudgedAgainst }: ModelEvent): string {
  const forced = [
    ...(evenThoughRejected ? ['-though-rejected'] : []),
    ...(evenThoughJudgedAgainst ? ['-though-judged-against-another'] : []),
  ]
  const outcome = `model-${kind}${forced.join('')}`
  return [new Date(at).toISOString(), '', outcome, '', '', cell(to)].join(',')
}

function cell(text: string): string {
  const defused = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(defused) ? `"${defused.replaceAll('"', '""')}"` : defused
}
