import { MessageChannelMain, utilityProcess, type UtilityProcess, type WebContents } from 'electron'
import type { Connection, Refusal } from '../contract.ts'
import type { EngineStart, FromEngine, ToEngine } from '../engine-child.ts'
import type { SafeStorage } from '../gallery/key-keeper.ts'

const firstRetryMs = 250 // doubles with every fall, so that an engine that fell once is back at once
const lastRetryMs = 60_000
const soundMs = 60_000 // an engine that ran for as long does not keep falling over

type SafeStorageAnswer = Extract<ToEngine, { kind: 'safe-storage-answer' }>

/** Keeps the engine's process running, hands each page a port to it, and tells each page when it is gone. */
export class EngineHost {
  readonly #path: string
  readonly #start: EngineStart
  readonly #safeStorage: SafeStorage | null
  readonly #pages = new Set<WebContents>()
  #child: UtilityProcess | null = null
  /** The child once it has opened the gallery: a port that came earlier would be dropped. */
  #serving: UtilityProcess | null = null
  #lostLine: Extract<Connection, { kind: 'lost' }> | null = null
  #retry: NodeJS.Timeout | undefined
  #falls = 0
  #stopping = false

  /** @param path the built engine process, `out/main/engine-process.js` */
  constructor(path: string, start: EngineStart, safeStorage: SafeStorage | null) {
    this.#path = path
    this.#start = start
    this.#safeStorage = safeStorage
  }

  /** Resolves when the engine is open, or with the reason why it refused. */
  open(): Promise<{ kind: 'started' } | Refusal> {
    clearTimeout(this.#retry)
    const begunAt = Date.now()
    let reason = ''
    const child = utilityProcess.fork(this.#path, [], { serviceName: 'Semblance engine', stdio: 'inherit' })
    this.#child = child
    return new Promise((resolve) => {
      child.on('message', (message: FromEngine) => {
        if (message.kind === 'safe-storage-ask') void this.#answerSafeStorage(child, message)
        else if (message.kind === 'refused') {
          reason = message.refusal.message
          resolve(message.refusal)
          child.kill() // it would stay, and serve nobody
        } else if (message.kind === 'started') {
          this.#serving = child
          this.#lostLine = null
          for (const page of this.#pages) this.#handPort(child, page)
          resolve({ kind: 'started' })
        }
      })
      child.once('exit', (code) => {
        resolve({
          kind: 'refused',
          reason: 'engine-ended',
          message: `The engine ended with code ${code} before it was ready.`,
        })
        if (Date.now() - begunAt > soundMs) this.#falls = 0
        this.#lost(child, reason)
      })
      child.postMessage({ kind: 'start', start: this.#start } satisfies ToEngine)
    })
  }

  /** Gives a page its port, now and again whenever the page is loaded anew or the engine was restarted. */
  serve(page: WebContents): void {
    page.on('did-finish-load', () => {
      this.#pages.add(page)
      if (this.#serving) this.#handPort(this.#serving, page)
      else if (this.#lostLine) page.send('engine-lost', this.#lostLine)
    })
    page.ipc.on('engine-retry', () => {
      if (!this.#child && !this.#stopping) void this.open()
    })
    page.once('destroyed', () => this.#pages.delete(page))
  }

  stop(): void {
    this.#stopping = true
    clearTimeout(this.#retry)
    this.#child?.postMessage({ kind: 'stop' } satisfies ToEngine)
  }

  #handPort(child: UtilityProcess, page: WebContents): void {
    const { port1, port2 } = new MessageChannelMain()
    child.postMessage({ kind: 'page-port' } satisfies ToEngine, [port1])
    page.postMessage('engine-port', null, [port2])
  }

  #lost(child: UtilityProcess, reason: string): void {
    if (this.#stopping || this.#child !== child) return
    this.#child = null
    this.#serving = null
    const waitMs = Math.min(lastRetryMs, firstRetryMs * 2 ** this.#falls++)
    this.#lostLine = { kind: 'lost', retryAt: Date.now() + waitMs, reason }
    for (const page of this.#pages) page.send('engine-lost', this.#lostLine)
    this.#retry = setTimeout(() => void this.open(), waitMs)
  }

  async #answerSafeStorage(
    child: UtilityProcess,
    asked: Extract<FromEngine, { kind: 'safe-storage-ask' }>,
  ): Promise<void> {
    const answer = (value: SafeStorageAnswer['value'], error: string | null) =>
      child.postMessage({ kind: 'safe-storage-answer', ask: asked.ask, value, error } satisfies ToEngine)
    try {
      if (!this.#safeStorage) throw new Error('this system keeps no keys')
      if (asked.encrypt !== null) answer(await this.#safeStorage.encrypt(asked.encrypt), null)
      else if (asked.decrypt !== null) answer(await this.#safeStorage.decrypt(asked.decrypt), null)
    } catch (error) {
      answer(null, String(error)) // the engine turns it into a refusal in words
    }
  }
}
