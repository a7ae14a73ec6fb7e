import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decode, encode } from '@msgpack/msgpack'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Reply } from '../contract.ts'
import { Door } from './door.ts'
import { readPageFiles } from './page-files.ts'

/** One engine, reached from any number of pages. */
export interface EngineConnection {
  /** Hands a request of one page to the engine; `answer` hears the replies to it and every event until `close`. */
  connect(answer: (reply: Reply) => void): { request(message: unknown): void; close(): void }
}

export interface LocalhostServer {
  port: number
  /** A fresh one-time address; the one before it stops working unless it was used. */
  newAddress(): string
  close(): Promise<void>
}

const maxMessageBytes = 320 * 1024 * 1024 // the contract's largest file (256 MiB) and its envelope

/**
 * Serves the page and its socket at 127.0.0.1 and nowhere else.
 * @param parts.port 0 lets the system choose
 * @throws when the page was not built or the port is taken
 */
export async function startServer(parts: {
  pageFolder: string
  port: number
  engine: EngineConnection
}): Promise<LocalhostServer> {
  const files = await readPageFiles(parts.pageFolder)
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(parts.port, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const door = new Door(port)
  const headers = pageHeaders(port)

  server.on('request', (request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    const refusal = door.refuse(request)
    if (refusal) return say(response, 403, refusal)
    const path = (request.url ?? '/').split('?')[0]!
    if (request.method === 'POST' && path === '/session') return void redeem(request, response, door)
    if (request.method !== 'GET' && request.method !== 'HEAD') return say(response, 405, 'only GET')
    const file = files.get(path)
    if (!file) return say(response, 404, 'nothing here')
    response.setHeader('Content-Type', file.type)
    response.setHeader('Content-Length', file.body.length)
    response.end(request.method === 'HEAD' ? undefined : file.body)
  })

  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has('semblance') ? 'semblance' : false),
  })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy()) // Node hands it over without a listener: a stranger who hangs up must not end us
    const refusal = request.url === '/socket' ? door.refuseSocket(request) : 'no such socket'
    if (refusal) return void socket.end(`HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n${refusal}`)
    sockets.handleUpgrade(request, socket, head, (opened) => carry(opened, parts.engine))
  })

  return {
    port,
    newAddress: () => door.newAddress(),
    async close() {
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Carries requests and replies between one page's socket and the engine, as MessagePack. */
function carry(socket: WebSocket, engine: EngineConnection): void {
  const connection = engine.connect((reply) => {
    if (socket.readyState === socket.OPEN) socket.send(encode(reply, { ignoreUndefined: true }))
  })
  socket.on('message', (message, isBinary) => {
    try {
      if (!isBinary) throw new Error('text')
      connection.request(decode(message as Buffer))
    } catch {
      socket.close(1003, 'not MessagePack') // a page of ours never sends anything else
    }
  })
  socket.on('close', () => connection.close())
  socket.on('error', () => socket.terminate())
}

async function redeem(request: IncomingMessage, response: ServerResponse, door: Door): Promise<void> {
  let token = ''
  try {
    for await (const chunk of request) {
      token += chunk
      if (token.length > 256) return say(response, 413, 'too long')
    }
  } catch {
    return // whoever asked hung up: nobody is left to answer
  }
  const secret = request.headers.origin === undefined ? null : door.redeem(token)
  if (!secret) return say(response, 403, 'this address was used already or is not ours')
  response.setHeader('Content-Type', 'text/plain')
  response.end(secret)
}

function say(response: ServerResponse, status: number, sentence: string): void {
  response.statusCode = status
  response.setHeader('Content-Type', 'text/plain; charset=utf-8')
  response.end(sentence)
}

/** Everything is refused to the page but its own files, its own socket and the camera. */
function pageHeaders(port: number): Record<string, string> {
  return {
    'Content-Security-Policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "font-src 'self'",
      "img-src 'self' blob: data:",
      "media-src 'self' blob:",
      `connect-src 'self' ws://127.0.0.1:${port}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'Permissions-Policy': 'camera=(self), microphone=(), geolocation=(), display-capture=()',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cache-Control': 'no-store', // a page of an older version must never talk to a newer engine
  }
}
