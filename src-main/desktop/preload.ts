/** The bridge: `call` and `on`, and whether they reach anybody, carried by a port straight to the engine process. Nothing else of Electron reaches the page. */
import { contextBridge, ipcRenderer } from 'electron'
import type { CallName, CarriedEngine, Connection, EventName, Reply, Request } from '../contract.ts'

/** The page's end of the channel, as much of it as is used (the main side's types know no DOM). */
interface PagePort {
  onmessage: ((event: { data: Reply }) => void) | null
  postMessage(message: Request): void
}

interface Waiting {
  resolve(gives: unknown): void
  reject(fault: Error): void
}

const waiting = new Map<number, Waiting>()
const hearers = new Map<EventName, Set<(body: unknown) => void>>()
const watchers = new Set<(connection: Connection) => void>()
let connection: Connection = { kind: 'connecting' }
let port: PagePort | null = null
let nextId = 1

ipcRenderer.on('engine-port', (event) => {
  port = event.ports[0] as unknown as PagePort
  port.onmessage = ({ data }) => receive(data)
  become({ kind: 'open' })
})

/** The engine process ended: what was asked of it, and what is asked until the next one is there, is answered by a fault. */
ipcRenderer.on('engine-lost', (_event, lost: Extract<Connection, { kind: 'lost' }>) => {
  port = null
  become(lost)
  for (const { reject } of waiting.values()) reject(new Error(unreachable))
  waiting.clear()
})

const unreachable = 'The engine stopped. It is being started again; please try once more.'

const bridge: CarriedEngine = {
  async call(name: CallName, takes: unknown) {
    await opening()
    return new Promise((resolve, reject) => {
      if (!port) return reject(new Error(unreachable))
      const id = nextId++
      waiting.set(id, { resolve: resolve as Waiting['resolve'], reject })
      port.postMessage({ id, call: name, takes } satisfies Request)
    }) as never
  },
  on(name, hear) {
    const heard = hearers.get(name) ?? new Set()
    hearers.set(name, heard.add(hear as (body: unknown) => void))
    return () => void heard.delete(hear as (body: unknown) => void)
  },
  watch(hear) {
    watchers.add(hear)
    hear(connection)
    return () => void watchers.delete(hear)
  },
  reconnect: () => ipcRenderer.send('engine-retry'),
}
contextBridge.exposeInMainWorld('semblance', bridge)

/** Resolves when it is known whether there is an engine. */
async function opening(): Promise<void> {
  if (connection.kind !== 'connecting') return
  await new Promise<void>((resolve) => {
    const settled = () => {
      watchers.delete(settled)
      resolve()
    }
    watchers.add(settled)
  })
}

function become(now: Connection): void {
  connection = now
  for (const hear of [...watchers]) hear(now)
}

function receive(reply: Reply): void {
  if ('event' in reply) return hearers.get(reply.event)?.forEach((hear) => hear(reply.body))
  const asked = waiting.get(reply.id)
  waiting.delete(reply.id)
  if ('fault' in reply) asked?.reject(new Error(reply.fault.message))
  else asked?.resolve(reply.gives)
}
