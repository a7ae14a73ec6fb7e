/** One line of a benchmark's table: what was asked, what was measured, whether it is reached. */
export interface Figure {
  what: string
  asked: string
  measured: string
  reached: boolean | null // null: reported only
  values: Record<string, number | number[]>
}

/** Lines for people. */
export function table(figures: readonly Figure[]): string {
  const mark = (reached: boolean | null) => (reached === null ? '·' : reached ? 'reached' : 'NOT REACHED')
  return figures
    .map(
      ({ what, asked, measured, reached }) =>
        `${what}\n    asked ${asked}: ${mark(reached)}\n    ${measured}`,
    )
    .join('\n')
}
