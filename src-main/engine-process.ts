/** The engine's own process: gallery, networks and the contract, served to every page its shell opens. */
import type { FromEngine, ToEngine } from './engine-child.ts'
import { channelPort, nodeIpcPort, parentPort, type ElectronParentPort, type Port } from './engine-port.ts'
import { createEngine, type Engine } from './engine.ts'
import { openParts } from './engine/open-parts.ts'
import { refused } from './engine/refusal.ts'
import { retrainingCalls } from './engine/retraining/calls.ts'
import { probeProcess } from './engine/retraining/processors.ts'
import { nodeTrainer } from './engine/retraining/trainer.ts'
import { servePage } from './engine/serve-page.ts'
import { tuningCalls } from './engine/tuning/calls.ts'
import type { KeySource, SafeStorage } from './gallery/key-keeper.ts'

/** The programs of further processes; a bundle has them beside itself. */
const entries = import.meta.filename.endsWith('.ts')
  ? {
      run: new URL('./engine/retraining/run-process.ts', import.meta.url),
      timing: new URL('./engine/retraining/timing-process.ts', import.meta.url),
      probe: new URL('./training/processor-probe-process.ts', import.meta.url),
    }
  : {
      run: new URL('./run-process.js', import.meta.url),
      timing: new URL('./timing-process.js', import.meta.url),
      probe: new URL('./processor-probe-process.js', import.meta.url),
    }

type Served = ReturnType<typeof servePage>
type Decrypted = Awaited<ReturnType<SafeStorage['decrypt']>>
type SafeStorageAnswer = Uint8Array | Decrypted

const electron = (process as { parentPort?: ElectronParentPort }).parentPort
const shell = electron ? parentPort(electron) : nodeIpcPort(process)
process.on('SIGINT', () => {}) // Ctrl+C reaches the whole group: the shell says when to stop, or is gone
serveShell(shell)

function serveShell(shell: Port): void {
  const tell = (message: FromEngine) => shell.post(message)
  const asks = new Map<number, PromiseWithResolvers<SafeStorageAnswer>>()
  const pages = new Map<number, Served>()
  let engine: Engine | null = null
  let stop = () => process.exit(0)

  shell.ended(() => stop()) // the shell is gone: nobody is left to answer
  shell.hear((heard, [transferred]) => {
    const message = heard as ToEngine // from our own shell, which checks what pages may send: trusted
    switch (message.kind) {
      case 'start':
        void start(message.start, safeStorageOver(tell, asks)).then((outcome) => {
          if (outcome.kind === 'refused') return tell({ kind: 'refused', refusal: outcome })
          engine = outcome.engine
          stop = outcome.stop
          tell({ kind: 'started' })
        })
        break
      case 'page-port':
        if (engine && transferred) servePort(engine, channelPort(transferred))
        break
      case 'page-opened':
        if (engine) {
          const { page } = message
          pages.set(
            page,
            servePage(engine, (reply) => tell({ kind: 'reply', page, reply })),
          )
        }
        break
      case 'request':
        void pages.get(message.page)?.request(message.request)
        break
      case 'page-closed':
        pages.get(message.page)?.close()
        pages.delete(message.page)
        break
      case 'safe-storage-answer': {
        const asked = asks.get(message.ask)
        asks.delete(message.ask)
        if (message.error === null && message.value !== null) asked?.resolve(message.value)
        else asked?.reject(new Error(message.error ?? 'the system’s key store gave nothing'))
        break
      }
      case 'stop':
        stop()
        break
    }
  })
}

async function start(
  { home, key }: Extract<ToEngine, { kind: 'start' }>['start'],
  safeStorage: (backend: string) => SafeStorage,
) {
  const source: KeySource =
    key.kind === 'safe-storage' ? { kind: 'safe-storage', safeStorage: safeStorage(key.backend) } : key
  try {
    const opened = await openParts({ home, key: source })
    if (opened.kind === 'refused') return opened
    const retraining = retrainingCalls({
      trainer: nodeTrainer(entries.run),
      probe: probeProcess(entries.probe),
      timing: nodeTrainer(entries.timing),
    })
    const engine = createEngine(opened.parts, (parts, shared) => ({
      ...tuningCalls(parts, shared),
      ...retraining(parts, shared),
    }))
    const stop = () => {
      engine.close()
      opened.parts.gallery.close()
      process.exit(0)
    }
    return { kind: 'started' as const, engine, stop }
  } catch (error) {
    return refused('engine-failed', error instanceof Error ? error.message : String(error))
  }
}

/** A page that talks over a port of its own. */
function servePort(engine: Engine, port: Port): void {
  const page = servePage(engine, (reply) => port.post(reply))
  port.hear((request) => void page.request(request))
  port.ended(() => page.close())
}

/** The main process alone has safeStorage: it is asked over the port. */
function safeStorageOver(
  tell: (message: FromEngine) => void,
  asks: Map<number, PromiseWithResolvers<SafeStorageAnswer>>,
): (backend: string) => SafeStorage {
  const ask = (encrypt: string | null, decrypt: Uint8Array | null) => {
    const number = asks.size === 0 ? 1 : Math.max(...asks.keys()) + 1
    const answer = Promise.withResolvers<SafeStorageAnswer>()
    asks.set(number, answer)
    tell({ kind: 'safe-storage-ask', ask: number, encrypt, decrypt })
    return answer.promise
  }
  return (backend) => ({
    encrypt: async (text) => (await ask(text, null)) as Uint8Array,
    decrypt: async (sealed) => (await ask(null, sealed)) as Decrypted,
    backend,
  })
}
