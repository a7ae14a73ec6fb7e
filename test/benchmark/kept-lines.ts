import { existsSync, readFileSync } from 'node:fs'

/** What an earlier run of a benchmark wrote, a line of JSON for each thing done; nothing where there is no file yet. */
export function keptLines<Done>(file: string): Done[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  return lines.map((line) => JSON.parse(line) as Done)
}
