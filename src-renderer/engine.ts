import type { EnginePort } from '../src-main/contract.ts'
import { sessionSecret } from './session-secret.ts'
import { SocketPort } from './socket-port.ts'

/** Whether calls reach the engine now; `retryAt` is when the next attempt to reach it begins, ms since 1970. */
export type Connection =
  { kind: 'connecting' } | { kind: 'open' } | { kind: 'lost'; retryAt: number; reason: string }

/** The engine as a carrier gives it to the page: the contract's port, and whether the line holds. */
export interface Engine extends EnginePort {
  watch(hear: (connection: Connection) => void): () => void
  /** Tries again now instead of waiting for `retryAt`. */
  reconnect(): void
}

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
    semblance?: EnginePort
  }
}

/** The desktop's bridge where there is one; the browser shell's socket elsewhere. */
export async function carriedEngine(): Promise<Engine> {
  const bridge = window.semblance
  if (bridge) return onBridge(bridge)
  const address = new URL('/socket', window.location.href)
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:'
  return new SocketPort(address.href, await sessionSecret())
}

/** In the desktop the port lives as long as the window: the main process starts a fallen engine again behind it. */
function onBridge(bridge: EnginePort): Engine {
  return {
    call: (name, takes) => bridge.call(name, takes),
    on: (name, hear) => bridge.on(name, hear),
    watch: (hear) => {
      hear({ kind: 'open' })
      return () => {}
    },
    reconnect: () => {},
  }
}
