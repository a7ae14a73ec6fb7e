import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/**
 * Decides who may come in. Other programs and other users of this machine can reach 127.0.0.1 as well, and any web
 * page can try to: so a request must name our host and come from our own page, and the socket must carry a secret.
 *
 * The secret is no cookie: cookies of 127.0.0.1 are sent to every port of it, also to a stranger's program. The page
 * trades the one-time token in its address for the secret and keeps that in its own tab.
 */
export class Door {
  readonly #host: string
  readonly #origin: string
  #tokens = new Set<string>()
  #secrets = new Set<string>()

  /** @param port the TCP port the server listens on, at 127.0.0.1 */
  constructor(port: number) {
    this.#host = `127.0.0.1:${port}`
    this.#origin = `http://127.0.0.1:${port}`
  }

  /** An address that lets one browser tab in, once. */
  newAddress(): string {
    const token = newSecret()
    this.#tokens = new Set([token]) // an older unused address stops working
    // Behind the # it is never sent over the wire nor written into any log.
    return `${this.#origin}/#token=${token}`
  }

  /** Trades a one-time token for the secret that opens sockets; null when the token is unknown or was used. */
  redeem(token: string): string | null {
    const known = [...this.#tokens].find((candidate) => same(candidate, token))
    if (known === undefined) return null
    this.#tokens.delete(known)
    const secret = newSecret()
    this.#secrets.add(secret)
    return secret
  }

  /** Why a request is refused, or null. A name that resolves to 127.0.0.1 is no way in (DNS rebinding). */
  refuse(request: IncomingMessage): string | null {
    if (request.headers.host !== this.#host) return 'wrong host'
    const origin = request.headers.origin
    if (origin !== undefined && origin !== this.#origin) return 'wrong origin'
    const site = request.headers['sec-fetch-site']
    if (site !== undefined && site !== 'same-origin' && site !== 'none') return 'request from another site'
    return null
  }

  /** Why a socket is refused, or null: a socket must name its origin and carry a redeemed secret. */
  refuseSocket(request: IncomingMessage): string | null {
    const refusal = this.refuse(request)
    if (refusal) return refusal
    if (request.headers.origin !== this.#origin) return 'no origin'
    const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((word) => word.trim())
    const offered = protocols.find((word) => word.startsWith('secret.'))?.slice('secret.'.length)
    if (offered === undefined || ![...this.#secrets].some((secret) => same(secret, offered)))
      return 'no secret'
    return null
  }
}

function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** Compares without telling by its duration how much was right. */
function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
