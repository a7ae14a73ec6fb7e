import type { CarriedEngine, Connection } from '../src-main/contract.ts'
import { sessionSecret } from './session-secret.ts'
import { SocketPort } from './socket-port.ts'

export type { Connection }
export type Engine = CarriedEngine

/** Thrown by a call that could not be delivered, or whose answer was lost with the line. */
export class EngineLost extends Error {}

/** Thrown by a call that the engine could not make sense of, or failed at. */
export class EngineFault extends Error {
  readonly kind: string
  constructor(kind: string, message: string) {
    super(message)
    this.kind = kind
  }
}

declare global {
  interface Window {
    /** Put there by the desktop's preload script; absent in a browser. */
    semblance?: CarriedEngine
  }
}

/** The desktop's bridge where there is one; the browser shell's socket elsewhere. */
export async function carriedEngine(): Promise<Engine> {
  if (window.semblance) return window.semblance
  const address = new URL('/socket', window.location.href)
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:'
  return new SocketPort(address.href, await sessionSecret())
}
