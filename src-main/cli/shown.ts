/**
 * A name or a file name as it may stand in a line of a terminal: control characters and those that turn the direction of
 * writing are written out, so that a name can neither move the cursor nor pass for another. Emoji and letters stay.
 */
export function shown(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cs}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/gu,
    (character) => (character === '\t' ? ' ' : `\\u{${character.codePointAt(0)!.toString(16)}}`),
  )
}

/** "3 photographs", "1 photograph". */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? noun : plural}`
}

/** Local time to the second, as ISO 8601 writes it but for the T. */
export function shownTime(ms: number | null): string {
  if (ms === null) return '–'
  const at = new Date(ms)
  const two = (number: number) => String(number).padStart(2, '0')
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

/** Rows as columns of equal width, two spaces apart; the first row is the heading. */
export function columns(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => [...row[column]!].length)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat(widths[column]! - [...cell].length))
      .join('  ')
      .trimEnd(),
  )
}
