import { decode, encode } from '@msgpack/msgpack'
import type { CallName, EventName, Events, Gives, Reply, Request, Takes } from '../src-main/contract.ts'
import { howToComeIn } from './session-secret.ts'
import { EngineFault, EngineLost, type Connection, type Engine } from './engine.ts'

const firstRetryMs = 250 // doubles with every failure, so that a restarted engine is found at once
const lastRetryMs = 8_000
const patienceMs = 10_000 // how long a call waits for a line that is being opened

interface Waiting {
  resolve: (gives: never) => void
  reject: (error: Error) => void
}

/** The engine over a WebSocket on the page's own origin, in MessagePack; opens itself again when the line falls. */
export class SocketPort implements Engine {
  readonly #address: string
  readonly #secret: string | null
  readonly #waiting = new Map<number, Waiting>()
  readonly #listeners = new Map<EventName, Set<(body: never) => void>>()
  readonly #watchers = new Set<(connection: Connection) => void>()
  #socket: WebSocket | null = null
  #connection: Connection = { kind: 'connecting' }
  #retry: ReturnType<typeof setTimeout> | undefined
  #failures = 0
  #nextId = 1

  /** @param secret of this tab, carried as a subprotocol: a socket can send no header of ours */
  constructor(address: string, secret: string | null) {
    this.#address = address
    this.#secret = secret
    this.#open()
  }

  async call<N extends CallName>(name: N, takes: Takes<N>): Promise<Gives<N>> {
    if (this.#connection.kind === 'connecting') await this.#opening()
    const socket = this.#socket
    if (this.#connection.kind !== 'open' || !socket) throw new EngineLost('The engine cannot be reached.')
    const request: Request = { id: this.#nextId++, call: name, takes }
    socket.send(encode(request, { ignoreUndefined: true }))
    return new Promise((resolve, reject) => this.#waiting.set(request.id, { resolve, reject }))
  }

  on<E extends EventName>(name: E, hear: (event: Events[E]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(hear as (body: never) => void))
    return () => listeners.delete(hear as (body: never) => void)
  }

  watch(hear: (connection: Connection) => void): () => void {
    this.#watchers.add(hear)
    hear(this.#connection)
    return () => this.#watchers.delete(hear)
  }

  reconnect(): void {
    if (this.#connection.kind === 'lost') this.#open()
  }

  #open() {
    clearTimeout(this.#retry)
    this.#socket?.close() // one that is still trying, when the user asks to try now
    // A first attempt and a retry at a line that was lost look different: only the first is silent.
    if (this.#failures === 0) this.#become({ kind: 'connecting' })
    const socket = new WebSocket(this.#address, [
      'semblance',
      ...(this.#secret ? [`secret.${this.#secret}`] : []),
    ])
    let opened = false
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => {
      opened = true
      this.#failures = 0
      this.#become({ kind: 'open' })
    }
    socket.onmessage = (message) => this.#receive(message.data as ArrayBuffer)
    // A socket that is refused says no reason to the page; one that never opened was refused, or its server is gone.
    socket.onclose = (event) => this.#close(socket, opened ? event.reason : howToComeIn)
    this.#socket = socket
  }

  #close(socket: WebSocket, reason: string) {
    if (socket !== this.#socket) return
    this.#socket = null
    for (const { reject } of this.#waiting.values())
      reject(new EngineLost('The engine went away before it answered.'))
    this.#waiting.clear()
    const waitMs = Math.min(lastRetryMs, firstRetryMs * 2 ** this.#failures++)
    this.#become({ kind: 'lost', retryAt: Date.now() + waitMs, reason })
    this.#retry = setTimeout(() => this.#open(), waitMs)
  }

  #receive(message: ArrayBuffer) {
    const reply = decode(message) as Reply
    if ('event' in reply) {
      for (const hear of this.#listeners.get(reply.event) ?? []) hear(reply.body as never)
      return
    }
    const waiting = this.#waiting.get(reply.id)
    if (!waiting) return
    this.#waiting.delete(reply.id)
    if ('fault' in reply) waiting.reject(new EngineFault(reply.fault.kind, reply.fault.message))
    else waiting.resolve(reply.gives as never)
  }

  #become(connection: Connection) {
    this.#connection = connection
    for (const hear of this.#watchers) hear(connection)
  }

  #opening(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timeout)
        unwatch()
        resolve()
      }
      const timeout = setTimeout(done, patienceMs)
      let unwatch = () => {}
      unwatch = this.watch((connection) => {
        if (connection.kind !== 'connecting') queueMicrotask(done)
      })
    })
  }
}
