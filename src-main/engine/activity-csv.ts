import type { Attempt } from '../contract.ts'

const columns = ['time', 'claim', 'outcome', 'distance', 'threshold', 'model'] as const

/** The audit log as RFC 4180 CSV, newest first, no image. A claim that a spreadsheet would run as a formula is defused. */
export function activityCsv(attempts: Iterable<Attempt>): string {
  const lines = [columns.join(',')]
  for (const attempt of attempts) {
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
  return lines.map((line) => line + '\r\n').join('')
}

function cell(text: string): string {
  const defused = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(defused) ? `"${defused.replaceAll('"', '""')}"` : defused
}
