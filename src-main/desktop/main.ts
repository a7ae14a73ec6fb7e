/** The desktop's main process: window, permissions, key. No maths, no model, no image. */
import { join } from 'node:path'
import { app, BrowserWindow, dialog, session } from 'electron'
import envPaths from 'env-paths'
import type { EngineStart } from '../engine-child.ts'
import { EngineHost } from './engine-host.ts'
import { allowOnlyTheCamera } from './page-permissions.ts'
import { registerPageScheme, servePage } from './page-protocol.ts'
import { desktopSafeStorage } from './safe-storage.ts'
import { openWindow } from './window.ts'

const out = join(import.meta.dirname, '..')
const home = process.env.SEMBLANCE_HOME ?? envPaths('semblance', { suffix: '' }).data

app.setPath('userData', join(home, 'desktop')) // Chromium's own files lie beside the gallery, and go with it
registerPageScheme()
app.enableSandbox()
if (!app.requestSingleInstanceLock()) app.quit()

app.on('second-instance', () => BrowserWindow.getAllWindows()[0]?.show())
app.on('window-all-closed', () => app.quit())

await app.whenReady()
servePage(session.defaultSession, join(out, 'renderer'))
allowOnlyTheCamera(session.defaultSession)

const keeper = await desktopSafeStorage()
const engine = new EngineHost(join(out, 'main', 'engine-process.js'), { home, key: keySource() }, keeper)
const window = openWindow(join(out, 'preload', 'preload.cjs'))
engine.serve(window.webContents)
const opened = await engine.open()
if (opened.kind === 'refused') {
  dialog.showErrorBox('Semblance cannot open its gallery', opened.message)
  app.exit(2)
}
app.on('before-quit', () => engine.stop())

/** A passphrase goes first: who sets one means it. */
function keySource(): EngineStart['key'] {
  const passphrase = process.env.SEMBLANCE_PASSPHRASE
  if (passphrase) return { kind: 'passphrase', passphrase }
  return keeper ? { kind: 'safe-storage', backend: keeper.backend } : { kind: 'key-file' }
}
