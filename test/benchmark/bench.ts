/** `npm run bench -- SUBJECT [--name value …]`: runs one subject's measurements; each prints its own table. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const subjects = ['vision', 'training', 'evaluation', 'retrain', 'page'] as const

const [subject, ...rest] = process.argv.slice(2)
const file = join(import.meta.dirname, `${subject}.ts`)
if (!subjects.includes(subject as (typeof subjects)[number]) || !existsSync(file)) {
  console.error(`npm run bench -- <${subjects.join(' | ')}> [--faces DIR] [--json FILE] …`)
  process.exit(2)
}
const { run } = (await import(file)) as { run(options: Record<string, unknown>): Promise<unknown> }
await run(optionsFrom(rest))
process.exit(0)

/** `--times-only --faces DIR --threads 2` → `{ timesOnly: true, faces: 'DIR', threads: 2 }` */
function optionsFrom(words: string[]): Record<string, unknown> {
  const options: Record<string, unknown> = {}
  for (let i = 0; i < words.length; i++) {
    const name = /^--(.+)$/.exec(words[i]!)?.[1]
    if (!name) throw new Error(`"${words[i]}" is no option: options start with --`)
    const key = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
    const next = words[i + 1]
    if (next === undefined || next.startsWith('--')) options[key] = true
    else {
      options[key] = Number.isNaN(Number(next)) ? next : Number(next)
      i++
    }
  }
  return options
}
