/** The desktop's main process: window, permissions, key. No maths, no model, no image. */
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { app, BrowserWindow, dialog, session } from 'electron'
import envPaths from 'env-paths'
import type { EngineStart } from '../engine-child.ts'
import type { SafeStorage } from '../gallery/key-keeper.ts'
import { EngineHost } from './engine-host.ts'
import { allowOnlyTheCamera } from './page-permissions.ts'
import { registerPageScheme, servePage } from './page-protocol.ts'
import { desktopSafeStorage } from './safe-storage.ts'
import { openWindow } from './window.ts'

const out = join(import.meta.dirname, '..')
const said = process.env.SEMBLANCE_HOME
const home = said ? resolve(said) : envPaths('semblance', { suffix: '' }).data
const chromiumHome = join(home, 'desktop') // Chromium's own files lie beside the gallery, and go with it

app.setName('Semblance') // the system's key store files our key under it
mkdirSync(chromiumHome, { recursive: true, mode: 0o700 })
app.setPath('userData', chromiumHome)
registerPageScheme()
app.enableSandbox()
app.on('second-instance', showWindow)
app.on('window-all-closed', () => app.quit())
// Not awaited here: Electron is ready only once this module has been evaluated to its end.
if (app.requestSingleInstanceLock()) app.whenReady().then(open).catch(fail)
else app.quit()

async function open(): Promise<void> {
  servePage(session.defaultSession, join(out, 'renderer'))
  allowOnlyTheCamera(session.defaultSession)

  const keeper = await desktopSafeStorage()
  const start = { home, key: keySource(keeper) }
  const engine = new EngineHost(join(out, 'main', 'engine-process.js'), start, keeper)
  app.on('before-quit', () => engine.stop())
  const window = openWindow(join(out, 'preload', 'preload.cjs'))
  engine.serve(window.webContents)
  const opened = await engine.open()
  if (opened.kind === 'started') return
  engine.stop()
  dialog.showErrorBox('Semblance cannot open its gallery', opened.message)
  app.exit(2)
}

function fail(error: unknown): void {
  dialog.showErrorBox('Semblance cannot start', error instanceof Error ? error.message : String(error))
  app.exit(3)
}

function showWindow(): void {
  const [window] = BrowserWindow.getAllWindows()
  if (window?.isMinimized()) window.restore()
  window?.show()
}

/** A passphrase goes first: who sets one means it. No process started from here inherits it. */
function keySource(keeper: SafeStorage | null): EngineStart['key'] {
  const passphrase = process.env.SEMBLANCE_PASSPHRASE
  delete process.env.SEMBLANCE_PASSPHRASE
  if (passphrase) return { kind: 'passphrase', passphrase }
  return keeper ? { kind: 'safe-storage', backend: keeper.backend } : { kind: 'key-file' }
}
