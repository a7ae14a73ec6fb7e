import { createInterface } from 'node:readline'
import { join } from 'node:path'
import type { Refusal } from '../contract.ts'
import { startEngineChild, type EngineStart } from '../engine-child.ts'
import { startServer } from './server.ts'

export interface ServeOptions extends EngineStart {
  /** 0 lets the system choose. */
  port: number
  /** Whether to open the address in the system's browser. */
  open: boolean
  /** Hears each line meant for the person at the terminal. */
  say: (line: string) => void
}

const pageFolder = join(import.meta.dirname, '..', '..', 'out', 'renderer')

/**
 * The browser shell: engine process, page and socket at 127.0.0.1, until Ctrl+C or until the engine ends.
 * Returns the exit code. Throws when the page was not built or the port is taken.
 */
export async function serve(options: ServeOptions): Promise<number | Refusal> {
  const started = await startEngineChild({ home: options.home, key: options.key })
  if (started.kind === 'refused') return started
  const { engine } = started
  const server = await startServer({ pageFolder, port: options.port, engine }).catch(
    async (error: unknown) => {
      await engine.stop()
      throw error
    },
  )

  const offer = async () => {
    const address = server.newAddress()
    options.say(`Semblance is at ${address}`)
    if (options.open) await openInBrowser(address, options.say)
  }
  await offer()
  const terminal = process.stdin.isTTY ? createInterface({ input: process.stdin }) : null
  options.say(`The address works once. ${terminal ? 'Press Enter for another, ' : ''}Ctrl+C to stop.`)
  terminal?.on('line', () => void offer())

  const stopped = new Promise<0>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve(0))
    terminal?.once('SIGINT', () => resolve(0))
  })
  const code = await Promise.race([stopped, engine.ended.then(() => 3)])
  if (code === 3)
    options.say('The engine process ended unexpectedly. What was saved is safe; start Semblance again.')
  terminal?.close()
  await server.close()
  await engine.stop()
  return code
}

/** Needs a display; where there is none the printed address has to do. */
async function openInBrowser(address: string, say: (line: string) => void): Promise<void> {
  const { default: open } = await import('open')
  const browser = await open(address)
  browser.once('error', () => say('No browser could be opened here: open the address above yourself.'))
}
