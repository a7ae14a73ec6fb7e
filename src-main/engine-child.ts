import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Refusal, Reply } from './contract.ts'
import { nodeIpcPort, type Port } from './engine-port.ts'

/** What the engine process is told first; a passphrase travels here, never in arguments or the environment. */
export interface EngineStart {
  home: string
  key:
    | { kind: 'key-file' }
    | { kind: 'passphrase'; passphrase: string }
    | { kind: 'safe-storage'; backend: string }
}

/** From a shell to the engine process. `page` numbers the pages that share one port. */
export type ToEngine =
  | { kind: 'start'; start: EngineStart }
  /** Accompanied by a transferred port where the shell is Electron; the page then talks over that port alone. */
  | { kind: 'page-port' }
  | { kind: 'page-opened'; page: number }
  | { kind: 'request'; page: number; request: unknown }
  | { kind: 'page-closed'; page: number }
  | {
      kind: 'safe-storage-answer'
      ask: number
      value: Uint8Array | { text: string; shouldReEncrypt: boolean } | null
      error: string | null
    }
  | { kind: 'stop' }

/** From the engine process to its shell. `safe-storage-ask` is answered by Electron's main process, which alone has it. */
export type FromEngine =
  | { kind: 'started' }
  | { kind: 'refused'; refusal: Refusal }
  | { kind: 'reply'; page: number; reply: Reply }
  | { kind: 'safe-storage-ask'; ask: number; encrypt: string | null; decrypt: Uint8Array | null }

/** A running engine process, reached from any number of pages. */
export interface EngineChild {
  /** Hands a request of one page to the engine; `answer` hears the replies to it, and every event, until `close`. */
  connect(answer: (reply: Reply) => void): { request(message: unknown): void; close(): void }
  /** Resolves when the process has ended, with its exit code. */
  ended: Promise<number | null>
  /** Asks it to end, and ends it where it does not within seconds. */
  stop(): Promise<void>
}

/**
 * Starts the engine in a Node child process of its own, so that a network that is being run holds nobody else up.
 * Refuses with whatever kept it from opening (a wrong key, a damaged gallery, a changed model).
 */
export async function startEngineChild(
  start: EngineStart,
  { stopsWithinMs = 5000 } = {}, // it closes the gallery in milliseconds; one that hangs in native code hears nothing
): Promise<{ kind: 'started'; engine: EngineChild } | Refusal> {
  const child = fork(fileURLToPath(new URL('./engine-process.ts', import.meta.url)), [], {
    execArgv: [...process.execArgv, '--disable-warning=ExperimentalWarning'], // node:sqlite is called experimental
    serialization: 'advanced', // structured clone: a frame is a megabyte of bytes, not of JSON
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code))
    child.once('error', () => resolve(null)) // it never started: `opened` below says so
  })
  const port = nodeIpcPort(child)
  const answers = new Map<number, (reply: Reply) => void>()
  const opened = new Promise<{ kind: 'started' } | Refusal>((resolve) => {
    port.hear((message) => {
      const told = message as FromEngine // our own child: trusted
      if (told.kind === 'reply') answers.get(told.page)?.(told.reply)
      else if (told.kind === 'started') resolve(told)
      else if (told.kind === 'refused') resolve(told.refusal)
    })
    void ended.then((code) =>
      resolve({
        kind: 'refused',
        reason: 'engine-ended',
        message: `The engine process ended before it was ready (exit code ${code}). Start Semblance again.`,
      }),
    )
  })
  tell(port, { kind: 'start', start })
  const outcome = await opened
  const stop = async () => {
    tell(port, { kind: 'stop' })
    const patience = setTimeout(() => child.kill('SIGKILL'), stopsWithinMs) // what was acknowledged is on disk already
    await ended
    clearTimeout(patience)
  }
  if (outcome.kind === 'refused') {
    void stop()
    return outcome
  }
  return { kind: 'started', engine: engineOver(port, answers, ended, stop) }
}

function engineOver(
  port: Port,
  answers: Map<number, (reply: Reply) => void>,
  ended: Promise<number | null>,
  stop: () => Promise<void>,
): EngineChild {
  let lastPage = 0
  return {
    connect(answer) {
      const page = ++lastPage
      answers.set(page, answer)
      tell(port, { kind: 'page-opened', page })
      return {
        request: (request) => tell(port, { kind: 'request', page, request }),
        close: () => {
          answers.delete(page)
          tell(port, { kind: 'page-closed', page })
        },
      }
    },
    ended,
    stop,
  }
}

function tell(port: Port, message: ToEngine): void {
  port.post(message)
}
