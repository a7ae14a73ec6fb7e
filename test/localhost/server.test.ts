import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { decode, encode } from '@msgpack/msgpack'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { Reply } from '../../src-main/contract.ts'
import { startServer, type LocalhostServer } from '../../src-main/localhost/server.ts'

let folder: string
let server: LocalhostServer
let origin: string
let asked: unknown[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'page-'))
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>page</title>')
  writeFileSync(join(folder, '..', 'outside.txt'), 'secret')
  asked = []
  server = await startServer({
    pageFolder: folder,
    port: 0,
    engine: {
      connect: (answer) => ({
        request: (message) => {
          asked.push(message)
          answer({ id: (message as { id: number }).id, gives: { echoed: message } })
        },
        close: () => asked.push('closed'),
      }),
    },
  })
  origin = `http://127.0.0.1:${server.port}`
})
afterEach(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

const get = (path: string, headers: Record<string, string> = {}) => fetch(origin + path, { headers })

/** A request exactly as written: `fetch` would tidy the path and set its own host. */
function raw(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port: server.port, path, method, headers },
      (response) => {
        response.resume()
        resolve(response.statusCode!)
      },
    )
    request.on('error', reject)
    request.end()
  })
}

async function redeem(token: string): Promise<Response> {
  return fetch(`${origin}/session`, { method: 'POST', body: token, headers: { origin } })
}
const tokenOf = (address: string) => address.split('#token=')[1]!

function open(protocols: string[], headers: Record<string, string> = { origin }): Promise<WebSocket | null> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/socket`, protocols, { headers })
    socket.on('open', () => resolve(socket))
    socket.on('error', () => resolve(null))
  })
}

test('serves the page with a policy that lets it reach nothing but itself', async () => {
  const response = await get('/')
  expect(response.status).toBe(200)
  const policy = response.headers.get('content-security-policy')!
  expect(policy).toContain("default-src 'none'")
  expect(policy).not.toMatch(/unsafe|https?:/)
  expect(response.headers.get('access-control-allow-origin')).toBeNull()
})

test.each([
  '/../outside.txt',
  '/..%2foutside.txt',
  '/%2e%2e/outside.txt',
  '/..\\outside.txt',
  '//etc/passwd',
  '/etc/passwd',
  '/index.html/../../outside.txt',
])('sends nothing from outside its folder for %s', async (path) => {
  expect(await raw(path)).toBe(404)
})

test('refuses a name that merely resolves to this machine (DNS rebinding)', async () => {
  expect(await raw('/', { host: `evil.example:${server.port}` })).toBe(403)
  expect(await raw('/', { host: `localhost:${server.port}` })).toBe(403)
  expect(await raw('/', { host: `127.0.0.1:${server.port}` })).toBe(200)
})

test('refuses requests that another page makes', async () => {
  expect(await raw('/', { host: `127.0.0.1:${server.port}`, origin: 'http://evil.example' })).toBe(403)
  expect(await raw('/', { host: `127.0.0.1:${server.port}`, 'sec-fetch-site': 'cross-site' })).toBe(403)
  expect(await raw('/', { host: `127.0.0.1:${server.port}`, 'sec-fetch-site': 'same-site' })).toBe(403)
  expect(await raw('/', { host: `127.0.0.1:${server.port}` }, 'PUT')).toBe(405)
})

test('lets a token in once', async () => {
  const token = tokenOf(server.newAddress())
  expect((await redeem('not-the-token')).status).toBe(403)
  expect((await redeem(token)).status).toBe(200)
  expect((await redeem(token)).status).toBe(403)
})

test('a newer address makes an unused older one worthless', async () => {
  const older = tokenOf(server.newAddress())
  const newer = tokenOf(server.newAddress())
  expect((await redeem(older)).status).toBe(403)
  expect((await redeem(newer)).status).toBe(200)
})

test('carries requests and replies as MessagePack, typed arrays included', async () => {
  const secret = await (await redeem(tokenOf(server.newAddress()))).text()
  const socket = (await open(['semblance', `secret.${secret}`]))!
  const reply = new Promise<Reply>((resolve) =>
    socket.once('message', (body) => resolve(decode(Uint8Array.from(body as Buffer)) as Reply)),
  )
  socket.send(encode({ id: 7, call: 'preview', takes: { rgba: new Uint8Array([1, 2, 3]) } }))
  expect(await reply).toEqual({
    id: 7,
    gives: { echoed: { id: 7, call: 'preview', takes: { rgba: Uint8Array.of(1, 2, 3) } } },
  })
  socket.close()
  await expect.poll(() => asked.at(-1)).toBe('closed')
})

test('opens no socket without the secret, with a foreign origin, or with none', async () => {
  const secret = await (await redeem(tokenOf(server.newAddress()))).text()
  expect(await open(['semblance'])).toBeNull()
  expect(await open(['semblance', 'secret.wrong'])).toBeNull()
  expect(await open(['semblance', `secret.${secret}`], { origin: 'http://evil.example' })).toBeNull()
  expect(await open(['semblance', `secret.${secret}`], {})).toBeNull()
  const socket = await open(['semblance', `secret.${secret}`])
  expect(socket).not.toBeNull()
  socket!.close()
})

test('a page that sends anything but MessagePack loses its socket, nothing else', async () => {
  const secret = await (await redeem(tokenOf(server.newAddress()))).text()
  const socket = (await open(['semblance', `secret.${secret}`]))!
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  socket.send(Buffer.from([0xc1])) // never used in MessagePack
  expect(await closed).toBe(1003)
  expect((await get('/')).status).toBe(200)
})

test.each([
  ['halfway through a token', 'POST /session', 'Content-Length: 100\r\n\r\nabc'],
  ['while its socket is refused', 'GET /socket', 'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
])('a stranger who hangs up %s ends nothing but their own line', async (_when, line, rest) => {
  const crashes: unknown[] = []
  const note = (error: unknown) => void crashes.push(error)
  process.on('uncaughtException', note).on('unhandledRejection', note)
  for (let i = 0; i < 5; i++) {
    const stranger = connect(server.port, '127.0.0.1').on('error', () => {})
    await once(stranger, 'connect')
    stranger.write(`${line} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n${rest}`)
    await sleep(i * 5)
    stranger.resetAndDestroy()
  }
  await sleep(50)
  process.off('uncaughtException', note).off('unhandledRejection', note)
  expect(crashes).toEqual([])
  expect((await get('/')).status).toBe(200)
})

test('listens at 127.0.0.1 alone', async () => {
  const refused = await new Promise((resolve) => {
    const socket = connect(server.port, '::1')
    socket.on('connect', () => resolve(false)).on('error', () => resolve(true))
  })
  expect(refused).toBe(true)
})
