import { EventEmitter } from 'node:events'
import { vi } from 'vitest'

/** A page as the main process sees it: what it was sent, and its own channel back. */
export class FakePage extends EventEmitter {
  readonly ipc = new EventEmitter()
  readonly sent: unknown[][] = []
  readonly ports: unknown[] = []
  send = (...message: unknown[]) => void this.sent.push(message)
  postMessage = (_channel: string, _message: unknown, [port]: unknown[]) => void this.ports.push(port)
}

/** An engine process that does nothing by itself. */
export class FakeChild extends EventEmitter {
  readonly told: { kind: string }[] = []
  postMessage = (message: { kind: string }) => void this.told.push(message)
  kill = vi.fn(() => this.emit('exit', 0))
}

/** As much of Electron as the desktop's files touch; its binary is not there where the tests run. */
export function fakeElectron() {
  const children: FakeChild[] = []
  const app = Object.assign(new EventEmitter(), {
    setName: vi.fn(),
    setPath: vi.fn(),
    enableSandbox: vi.fn(),
    requestSingleInstanceLock: vi.fn(() => true),
    whenReady: vi.fn(() => Promise.resolve()),
    quit: vi.fn(),
    exit: vi.fn(),
  })
  const windows: { webContents: FakePage; options: { webPreferences: Record<string, unknown> } }[] = []
  class BrowserWindow extends EventEmitter {
    static getAllWindows = () => windows
    readonly webContents = Object.assign(new FakePage(), { setWindowOpenHandler: vi.fn() })
    readonly loadURL = vi.fn(() => Promise.resolve())
    readonly options: { webPreferences: Record<string, unknown> }
    constructor(options: { webPreferences: Record<string, unknown> }) {
      super()
      this.options = options
      windows.push(this)
    }
  }
  const session = Object.assign(new EventEmitter(), {
    protocol: { handle: vi.fn() },
    setPermissionRequestHandler: vi.fn(),
    setPermissionCheckHandler: vi.fn(),
    setDevicePermissionHandler: vi.fn(),
  })
  const ipc = Object.assign(new EventEmitter(), { send: vi.fn() })
  return {
    children,
    windows,
    app,
    BrowserWindow,
    session: { defaultSession: session },
    protocol: { registerSchemesAsPrivileged: vi.fn() },
    dialog: { showErrorBox: vi.fn() },
    nativeTheme: { shouldUseDarkColors: false },
    safeStorage: { isAsyncEncryptionAvailable: () => Promise.resolve(false) },
    utilityProcess: {
      fork: () => {
        const child = new FakeChild()
        children.push(child)
        return child
      },
    },
    MessageChannelMain: class {
      port1 = 'the engine’s end'
      port2 = 'the page’s end'
    },
    ipcRenderer: ipc,
    contextBridge: { exposeInMainWorld: vi.fn() },
  }
}
