import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MessageChannel } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Reply } from '../../src-main/contract.ts'
import { startEngineChild, type EngineChild } from '../../src-main/engine-child.ts'
import { channelPort } from '../../src-main/engine-port.ts'

describe('the engine in a process of its own', () => {
  let home: string
  let engine: EngineChild
  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'semblance-child-'))
    const started = await startEngineChild({ home, key: { kind: 'key-file' } })
    if (started.kind === 'refused') throw new Error(started.message)
    engine = started.engine
  })
  afterEach(() => engine.stop())

  /** Connects as a page does; `next` waits for the first reply that fits. */
  function page() {
    const replies: Reply[] = []
    let look = () => {}
    const connection = engine.connect((reply) => {
      replies.push(reply)
      look()
    })
    const next = (fits: (reply: Reply) => boolean) =>
      new Promise<Reply>((resolve) => {
        look = () => {
          const found = replies.find(fits)
          if (found) resolve(found)
        }
        look()
      })
    return { ...connection, replies, next }
  }

  test('answers a page', async () => {
    const { request, next } = page()
    request({ id: 5, call: 'people', takes: {} })
    expect(await next((reply) => 'id' in reply)).toEqual({ id: 5, gives: [] })
  })

  test('takes a frame as bytes, and refuses a broken one', async () => {
    const { request, next } = page()
    request({ id: 1, call: 'preview', takes: { frame: { width: 16, height: 16, rgba: new Uint8Array(7) } } })
    expect(await next((reply) => 'id' in reply)).toMatchObject({ fault: { kind: 'bad-arguments' } })
  })

  test('tells every page of a change, and answers only the one that asked', async () => {
    const [first, second] = [page(), page()]
    first.request({ id: 1, call: 'settings.set', takes: { theme: 'dark' } })
    const isSettings = (reply: Reply) => 'event' in reply && reply.event === 'settings-changed'
    await Promise.all([first.next(isSettings), second.next(isSettings)])
    await first.next((reply) => 'id' in reply)
    expect(second.replies.some((reply) => 'id' in reply)).toBe(false)
  })

  test('a page that closed hears nothing more', async () => {
    const [closed, open] = [page(), page()]
    closed.close()
    open.request({ id: 1, call: 'settings.set', takes: { theme: 'dark' } })
    await open.next((reply) => 'event' in reply && reply.event === 'settings-changed')
    expect(closed.replies).toEqual([])
  })

  test('ends when it is told to', async () => {
    await engine.stop()
    expect(await engine.ended).toBe(0)
  })
})

test('one that hangs is ended all the same', async () => {
  const home = mkdtempSync(join(tmpdir(), 'semblance-child-'))
  const before = childrenOf(process.pid)
  const started = await startEngineChild({ home, key: { kind: 'key-file' } }, { stopsWithinMs: 200 })
  if (started.kind === 'refused') throw new Error(started.message)
  const [child] = childrenOf(process.pid).filter((pid) => !before.includes(pid))
  process.kill(child!, 'SIGSTOP')
  await started.engine.stop()
  expect(await started.engine.ended).toBeNull() // by a signal
})

test('a gallery that does not open is refused before anything is served', async () => {
  const home = mkdtempSync(join(tmpdir(), 'semblance-child-'))
  const opened = await startEngineChild({ home, key: { kind: 'passphrase', passphrase: 'correct horse' } })
  if (opened.kind === 'refused') throw new Error(opened.message)
  await opened.engine.stop()
  const refused = await startEngineChild({ home, key: { kind: 'passphrase', passphrase: 'wrong horse' } })
  expect(refused).toMatchObject({ kind: 'refused' })
})

test('the two ends of a channel hear each other, and the end', async () => {
  const { port1, port2 } = new MessageChannel()
  const [here, there] = [channelPort(port1), channelPort(port2)]
  const heard = new Promise((resolve) => there.hear((message) => resolve(message)))
  here.post({ bytes: Uint8Array.of(1, 2, 3) })
  expect(await heard).toEqual({ bytes: Uint8Array.of(1, 2, 3) })
  const ended = new Promise<void>((resolve) => there.ended(resolve))
  here.close()
  await ended
})

function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
  const rows = stdout.split('\n').map((line) => line.trim().split(/ +/).map(Number))
  return rows.flatMap(([child, parent]) => (parent === pid ? [child!] : []))
}
