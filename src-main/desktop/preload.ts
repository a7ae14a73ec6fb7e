/** The bridge: one `call` and one `on`, carried by a port straight to the engine process. Nothing else of Electron reaches the page. */
import { contextBridge, ipcRenderer } from 'electron'
import type { CallName, EnginePort, EventName, Reply, Request } from '../contract.ts'

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
let nextId = 1
let arrived: (port: PagePort) => void
let port = new Promise<PagePort>((resolve) => (arrived = resolve))

ipcRenderer.on('engine-port', (event) => {
  const opened = event.ports[0] as unknown as PagePort
  opened.onmessage = ({ data }) => receive(data)
  arrived(opened)
})

/** The engine process ended: what was asked of it is answered by a fault, what is asked from now on waits for the next one. */
ipcRenderer.on('engine-lost', () => {
  port = new Promise((resolve) => (arrived = resolve))
  for (const { reject } of waiting.values())
    reject(new Error('The engine stopped. It is being started again; please try once more.'))
  waiting.clear()
})

const bridge: EnginePort = {
  async call(name: CallName, takes: unknown) {
    const opened = await port
    const id = nextId++
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve: resolve as Waiting['resolve'], reject })
      opened.postMessage({ id, call: name, takes } satisfies Request)
    }) as never
  },
  on(name, hear) {
    const heard = hearers.get(name) ?? new Set()
    hearers.set(name, heard.add(hear as (body: unknown) => void))
    return () => void heard.delete(hear as (body: unknown) => void)
  },
}
contextBridge.exposeInMainWorld('semblance', bridge)

function receive(reply: Reply): void {
  if ('event' in reply) return hearers.get(reply.event)?.forEach((hear) => hear(reply.body))
  const asked = waiting.get(reply.id)
  waiting.delete(reply.id)
  if ('fault' in reply) asked?.reject(new Error(reply.fault.message))
  else asked?.resolve(reply.gives)
}
