import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { decode, encode } from '@msgpack/msgpack'
import { WebSocketServer, type WebSocket } from 'ws'
import type { CallName, Reply, Request, Takes } from '../../src-main/contract.ts'
import type { ScriptedEngine } from './scripted-engine.ts'

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

/** What the shells send with every file; anything the page does outside of it fails a test. */
export const contentPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; connect-src 'self'; media-src 'self' blob:"

/** What answers the page: a script, or the engine itself. */
export type EngineBehind = Pick<ScriptedEngine, 'call' | 'tell'>

export interface ServedPage {
  address: string
  /** Cuts every line to the page, and refuses new ones until `restore`. */
  loseEngine(): void
  restoreEngine(): void
  close(): Promise<void>
}

/** The built page with a scripted engine behind its socket, on a port of its own. */
export async function servePage(folder: string, engine: EngineBehind): Promise<ServedPage> {
  let lost = false
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://page').pathname)
    try {
      const file = await readFile(join(folder, path === '/' ? 'index.html' : path))
      response.writeHead(200, {
        'content-type': types[extname(path)] ?? types['.html'],
        'content-security-policy': contentPolicy,
      })
      response.end(file)
    } catch {
      response.writeHead(404).end()
    }
  })
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 512 * 1024 * 1024 })
  server.on('upgrade', (request, socket, head) => {
    if (lost) socket.destroy()
    else sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit('connection', opened, request))
  })
  sockets.on('connection', (socket: WebSocket) => {
    const send = (reply: Reply) => socket.send(encode(reply, { ignoreUndefined: true }))
    engine.tell = (event, body) => send({ event, body })
    socket.on('message', async (bytes: Buffer) => {
      const { id, call, takes } = decode(bytes) as Request
      try {
        send({ id, gives: await engine.call(call as CallName, takes as Takes<CallName>) })
      } catch (error) {
        send({
          id,
          fault: { kind: 'fault', message: error instanceof Error ? error.message : String(error) },
        })
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    loseEngine: () => {
      lost = true
      for (const socket of sockets.clients) socket.terminate()
    },
    restoreEngine: () => (lost = false),
    close: async () => {
      for (const socket of sockets.clients) socket.terminate()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
