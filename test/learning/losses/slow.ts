/** Plain double-precision arithmetic for references written as loops. */

export const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
export const mean = (values: readonly number[]) => (values.length ? sum(values) / values.length : 0)
export const dot = (a: readonly number[], b: readonly number[]) => sum(a.map((x, i) => x * b[i]!))
export const distanceBetween = (a: readonly number[], b: readonly number[]) =>
  Math.hypot(...a.map((x, i) => x - b[i]!))

/** The gradient of a function of rows by central differences, row by row. */
export function finiteDifferences(f: (rows: number[][]) => number, rows: number[][], step = 1e-6): number[] {
  const moved = (row: number, column: number, by: number) =>
    rows.map((values, i) => (i === row ? values.map((x, k) => (k === column ? x + by : x)) : values))
  return rows.flatMap((values, row) =>
    values.map((_, column) => (f(moved(row, column, step)) - f(moved(row, column, -step))) / (2 * step)),
  )
}
