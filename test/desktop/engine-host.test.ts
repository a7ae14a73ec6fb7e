import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { EngineHost } from '../../src-main/desktop/engine-host.ts'
import { FakePage, type FakeChild } from './electron.ts'

const electron = await vi.hoisted(async () => (await import('./electron.ts')).fakeElectron())
vi.mock('electron', () => electron)

let host: EngineHost
let page: FakePage
const newest = (): FakeChild => electron.children.at(-1)!

beforeEach(async () => {
  vi.useFakeTimers()
  electron.children.length = 0
  host = new EngineHost('engine-process.js', { home: '/h', key: { kind: 'key-file' } }, null)
  page = new FakePage()
  host.serve(page as never)
  const opened = host.open()
  page.emit('did-finish-load')
  newest().emit('message', { kind: 'started' })
  expect(await opened).toEqual({ kind: 'started' })
})
afterEach(() => vi.useRealTimers())

test('a page gets its port once the engine is open, and again when it is loaded anew', () => {
  expect(page.ports).toHaveLength(1)
  page.emit('did-finish-load')
  expect(page.ports).toHaveLength(2)
})

test('a page is told that the engine fell, and gets a port to the next one', async () => {
  newest().emit('exit', 1)
  expect(page.sent).toEqual([['engine-lost', { kind: 'lost', retryAt: Date.now() + 250, reason: '' }]])
  await vi.advanceTimersByTimeAsync(250)
  expect(electron.children).toHaveLength(2)
  newest().emit('message', { kind: 'started' })
  expect(page.ports).toHaveLength(2)
})

test('an engine that keeps falling is started ever more rarely, and its page hears of each fall', async () => {
  const waits: number[] = []
  for (let fall = 0; fall < 12; fall++) {
    newest().emit('exit', 1)
    const [, lost] = page.sent.at(-1) as [string, { retryAt: number }]
    waits.push(lost.retryAt - Date.now())
    await vi.advanceTimersByTimeAsync(waits.at(-1)!)
  }
  expect(waits.slice(0, 4)).toEqual([250, 500, 1000, 2000])
  expect(waits.at(-1)).toBe(60_000)
  expect(electron.children).toHaveLength(13)
})

test('a gallery that does not open any more is said to the page, in its own words', () => {
  newest().emit('exit', 1)
  vi.advanceTimersByTime(250)
  const child = newest()
  child.emit('message', {
    kind: 'refused',
    refusal: { kind: 'refused', reason: 'x', message: 'Put it back.' },
  })
  expect(child.kill).toHaveBeenCalled()
  expect(page.sent.at(-1)).toMatchObject(['engine-lost', { reason: 'Put it back.' }])
})

test('a page that is loaded while there is no engine hears so; its wish to try now is granted once', () => {
  newest().emit('exit', 1)
  const late = new FakePage()
  host.serve(late as never)
  late.emit('did-finish-load')
  expect(late.sent).toMatchObject([['engine-lost', { kind: 'lost' }]])
  late.ipc.emit('engine-retry')
  late.ipc.emit('engine-retry')
  vi.advanceTimersByTime(60_000)
  expect(electron.children).toHaveLength(2)
})

test('after the application stops it, the engine stays stopped', () => {
  host.stop()
  newest().emit('exit', 0)
  vi.advanceTimersByTime(60_000)
  expect(electron.children).toHaveLength(1)
  expect(page.sent).toEqual([])
})
