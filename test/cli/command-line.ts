import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const entry = join(import.meta.dirname, '../../src-main/cli/semblance.js')

export interface Ran {
  code: number | null
  stdout: string
  stderr: string
  /** stdout as one JSON document; throws where it is anything else. */
  json: never
}

/** Runs the `bin` as a user's shell does, in a process of its own. */
export function semblance(
  words: string[],
  { home, env = {}, node = process.execPath }: { home?: string; env?: NodeJS.ProcessEnv; node?: string } = {},
): Promise<Ran> {
  const {
    SEMBLANCE_PASSPHRASE: _a,
    SEMBLANCE_EXPORT_PASSPHRASE: _b,
    SEMBLANCE_HOME: _c,
    ...clean
  } = process.env
  const child = spawn(node, [entry, ...words], {
    env: { ...clean, ...(home ? { SEMBLANCE_HOME: home } : {}), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) =>
      resolve({
        code,
        stdout,
        stderr,
        get json() {
          return JSON.parse(stdout) as never
        },
      }),
    )
  })
}

/** An empty folder of this test's own. */
export function freshFolder(): string {
  return mkdtempSync(join(tmpdir(), 'semblance-cli-'))
}
