import { beforeEach, expect, test, vi } from 'vitest'
import type { CarriedEngine, Connection, Request } from '../../src-main/contract.ts'

const electron = await vi.hoisted(async () => (await import('./electron.ts')).fakeElectron())
vi.mock('electron', () => electron)

let bridge: CarriedEngine
let asked: Request[]
let port: { onmessage: ((event: { data: unknown }) => void) | null; postMessage(message: Request): void }

beforeEach(async () => {
  vi.resetModules()
  electron.ipcRenderer.removeAllListeners()
  electron.contextBridge.exposeInMainWorld.mockClear()
  await import('../../src-main/desktop/preload.ts')
  bridge = electron.contextBridge.exposeInMainWorld.mock.calls[0]![1] as CarriedEngine
  asked = []
  port = { onmessage: null, postMessage: (message) => void asked.push(message) }
})

const arrive = () => electron.ipcRenderer.emit('engine-port', { ports: [port] })
const lost = { kind: 'lost', retryAt: 5, reason: 'It fell.' } as const
const lose = () => electron.ipcRenderer.emit('engine-lost', {}, lost)

test('a call waits for the engine, and its answer comes back', async () => {
  const status = bridge.call('status', {})
  await Promise.resolve()
  expect(asked).toEqual([])
  arrive()
  await expect.poll(() => asked).toMatchObject([{ call: 'status' }])
  port.onmessage!({ data: { id: asked[0]!.id, gives: 'here' } })
  expect(await status).toBe('here')
})

test('when the engine falls, what was asked and what is asked from then on is answered by a fault', async () => {
  arrive()
  const before = bridge.call('status', {})
  await expect.poll(() => asked).toHaveLength(1)
  lose()
  await expect(before).rejects.toThrow('The engine stopped')
  await expect(bridge.call('status', {})).rejects.toThrow('The engine stopped')
  arrive()
  void bridge.call('people', {})
  await expect.poll(() => asked.at(-1)).toMatchObject({ call: 'people' })
})

test('a call that waits for the first engine is answered when that one never opens', async () => {
  const status = bridge.call('status', {})
  lose()
  await expect(status).rejects.toThrow('The engine stopped')
})

test('the page can watch the line, and ask for another try', () => {
  const seen: Connection[] = []
  const unwatch = bridge.watch((connection) => seen.push(connection))
  arrive()
  lose()
  unwatch()
  arrive()
  expect(seen).toEqual([{ kind: 'connecting' }, { kind: 'open' }, lost])
  bridge.reconnect()
  expect(electron.ipcRenderer.send).toHaveBeenCalledWith('engine-retry')
})
