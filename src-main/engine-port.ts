/**
 * What carries messages between a shell and the engine process, whichever it is: a Node child process, Electron's
 * utility process, or one end of a message channel. Messages are structured-cloned: frames travel as typed arrays.
 */
export interface Port {
  post(message: unknown): void
  /** Every message from now on; those of the first turn after opening are not lost. */
  hear(listener: (message: unknown, ports: TransferredPort[]) => void): void
  /** Told once, when the other side is gone. */
  ended(listener: () => void): void
  close(): void
}

/** The shape Electron's `MessagePortMain` and Node's `MessagePort` share. */
export interface TransferredPort {
  postMessage(message: unknown): void
  on(event: 'message', listener: (message: unknown) => void): unknown
  on(event: 'close', listener: () => void): unknown
  start?(): void
  close(): void
}

/** The shape of a Node `ChildProcess` (and of `process` itself) with `serialization: 'advanced'`. */
interface NodeIpc {
  send?(message: unknown, done: (error: Error | null) => void): boolean
  on(event: 'message', listener: (message: unknown) => void): unknown
  on(event: 'disconnect', listener: () => void): unknown
  disconnect?(): void
  connected?: boolean
}

/** A forked child seen from its shell, or the shell seen from inside the child. */
export function nodeIpcPort(ipc: NodeIpc): Port {
  return {
    // A failed send means the other side has gone; `ended` says so.
    post: (message) => ipc.connected && ipc.send?.(message, () => {}),
    hear: (listener) => ipc.on('message', (message) => listener(message, [])),
    ended: (listener) => ipc.on('disconnect', listener),
    close: () => ipc.connected && ipc.disconnect?.(),
  }
}

/** Electron's `process.parentPort` inside a utility process: the main process hands page ports over with a message. */
export interface ElectronParentPort {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { data: unknown; ports: TransferredPort[] }) => void): unknown
}

/** The main process seen from inside a utility process, which is killed, not told, when its parent goes. */
export function parentPort(parent: ElectronParentPort): Port {
  return {
    post: (message) => parent.postMessage(message),
    hear: (listener) => parent.on('message', ({ data, ports }) => listener(data, ports)),
    ended: () => {},
    close: () => {},
  }
}

/** One end of a message channel, of Node's or of Electron's, whose messages come wrapped in an event. */
export function channelPort(channel: TransferredPort): Port {
  return {
    post: (message) => channel.postMessage(message),
    hear: (listener) => {
      channel.on('message', (message) => listener(unwrapped(message), []))
      channel.start?.()
    },
    ended: (listener) => channel.on('close', listener),
    close: () => channel.close(),
  }
}

function unwrapped(message: unknown): unknown {
  const isEvent = typeof message === 'object' && message !== null && 'data' in message && 'ports' in message
  return isEvent ? message.data : message
}
