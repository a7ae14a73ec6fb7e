import { BrowserWindow, nativeTheme } from 'electron'
import { keepToThePage } from './page-permissions.ts'
import { pageOrigin } from './page-protocol.ts'

/** Opens the one window: sandboxed, isolated, without Node; shown when its first paint is there. */
export function openWindow(preload: string): BrowserWindow {
  const window = new BrowserWindow({
    width: 1200,
    height: 800,
    minWidth: 720,
    minHeight: 560,
    show: false,
    title: 'Semblance',
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#14161a' : '#fbfbfc', // no white flash before the first paint
    autoHideMenuBar: true,
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      spellcheck: false, // the spelling checker fetches dictionaries
      devTools: !!process.env.SEMBLANCE_DEVTOOLS,
    },
  })
  keepToThePage(window.webContents)
  window.once('ready-to-show', () => window.show())
  void window.loadURL(`${pageOrigin}/`)
  return window
}
