import { fork, type ChildProcess } from 'node:child_process'
import { withoutSecrets } from '../engine/retraining/trainer.ts'
import type { RunMessage, RunOrder } from '../training/run-process.ts'

/** How a run's process ended without saying so itself. */
export type RunEnd = { kind: 'cancelled' } | { kind: 'crashed'; reason: string }

/** Starts the process of a run; tests hand in their own. */
export type StartRun = () => ChildProcess

const runEntry = new URL('../training/run-process.ts', import.meta.url)

/** Node, with `run-process.ts` and nothing of ours in its environment; what its libraries print is kept for its last words. */
export const runProcess: StartRun = () =>
  fork(runEntry, {
    env: withoutSecrets(process.env),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })

/** Gives a run's order to a process of its own and passes on what it tells, until its end. Aborting kills it at once: its last checkpoint is whole. */
export async function* followRun(
  order: RunOrder,
  signal: AbortSignal,
  start: StartRun = runProcess,
): AsyncGenerator<RunMessage | RunEnd> {
  const child = start()
  const messages: (RunMessage | RunEnd)[] = []
  let wake = () => {}
  let isOver = false
  let hasSaidItsEnd = false
  let lastWords = ''
  const put = (message: RunMessage | RunEnd) => {
    messages.push(message)
    wake()
  }
  child.stderr
    ?.setEncoding('utf8')
    .on('data', (text: string) => (lastWords = (lastWords + text).slice(-2000)))
  child.on('message', (message: RunMessage) => {
    hasSaidItsEnd ||= message.kind === 'finished' || message.kind === 'failed'
    put(message)
  })
  child.on('error', (error) => (lastWords = error.message))
  child.on('close', (code, endedBy) => {
    isOver = true
    if (hasSaidItsEnd) wake()
    else if (signal.aborted || endedBy === 'SIGINT')
      put({ kind: 'cancelled' }) // a terminal's Ctrl+C reaches the process by itself, too
    else {
      const how = endedBy ? `was ended by ${endedBy}` : `ended with code ${code}`
      put({ kind: 'crashed', reason: [`its process ${how}`, lastWords.trim()].filter(Boolean).join(': ') })
    }
  })
  const kill = () => child.kill('SIGKILL') // a step in a driver does not hear a gentler one
  signal.addEventListener('abort', kill)
  if (signal.aborted) kill()
  try {
    child.send(order)
    for (;;) {
      const message = messages.shift()
      if (message) yield message
      else if (isOver) return
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    signal.removeEventListener('abort', kill)
    kill()
  }
}
