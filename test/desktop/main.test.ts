import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { isAbsolute, join, relative } from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'

const electron = await vi.hoisted(async () => (await import('./electron.ts')).fakeElectron())
vi.mock('electron', () => electron)

const { app, children, windows, session, dialog } = electron
const home = mkdtempSync(join(tmpdir(), 'semblance-desktop-'))
let becomeReady: () => void

beforeEach(() => {
  vi.resetModules()
  vi.clearAllMocks()
  app.removeAllListeners()
  children.length = windows.length = 0
  const ready = Promise.withResolvers<void>()
  becomeReady = ready.resolve
  app.whenReady.mockReturnValue(ready.promise)
  process.env.SEMBLANCE_HOME = relative(process.cwd(), join(home, 'new'))
})

const main = () => import('../../src-main/desktop/main.ts')

test('the main module ends before Electron is ready: Electron waits for it', async () => {
  await main()
  expect(windows).toHaveLength(0)
  becomeReady()
  await expect.poll(() => windows).toHaveLength(1)
  await expect.poll(() => children).toHaveLength(1)
})

test('Chromium’s own files lie in a folder that is there, by a whole path', async () => {
  await main()
  const [name, path] = app.setPath.mock.calls[0] as [string, string]
  expect(name).toBe('userData')
  expect(isAbsolute(path) && existsSync(path)).toBe(true)
  expect(path.startsWith(home)).toBe(true)
})

test('a second start opens nothing', async () => {
  app.requestSingleInstanceLock.mockReturnValueOnce(false)
  await main()
  becomeReady()
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(app.quit).toHaveBeenCalled()
  expect([windows.length, children.length]).toEqual([0, 0])
})

test('a gallery that does not open is said in a box, and the engine is not started again', async () => {
  await main()
  becomeReady()
  await expect.poll(() => children).toHaveLength(1)
  children[0]!.emit('message', { kind: 'refused', refusal: { message: 'Put the key back.' } })
  await expect.poll(() => app.exit.mock.calls).toEqual([[2]])
  expect(dialog.showErrorBox).toHaveBeenCalledWith(expect.any(String), 'Put the key back.')
  await new Promise((resolve) => setTimeout(resolve, 400))
  expect(children).toHaveLength(1)
})

test('the page is sandboxed and gets the camera, its own files, and nothing else', async () => {
  await main()
  becomeReady()
  await expect.poll(() => windows).toHaveLength(1)
  expect(windows[0]!.options.webPreferences).toMatchObject({
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
  })

  const [ask] = session.defaultSession.setPermissionRequestHandler.mock.calls[0] as [Ask]
  const granted = (permission: string, mediaTypes?: string[], url = 'app://semblance/index.html') => {
    let answer = false
    ask({ getURL: () => url }, permission, (yes) => (answer = yes), mediaTypes ? { mediaTypes } : {})
    return answer
  }
  expect(granted('media', ['video'])).toBe(true)
  expect(granted('media', ['video', 'audio'])).toBe(false)
  expect(granted('media', [])).toBe(false)
  expect(granted('media')).toBe(false)
  expect(granted('display-capture', ['video'])).toBe(false)
  expect(granted('media', ['video'], 'https://semblance.example/')).toBe(false)
  expect(granted('media', ['video'], 'app://semblance.example/')).toBe(false)

  const downloads = (url: string) => {
    const event = { preventDefault: vi.fn() }
    session.defaultSession.emit('will-download', event, { getURL: () => url })
    return event.preventDefault.mock.calls.length === 0
  }
  expect(downloads('blob:app://semblance/1b9d6bcd')).toBe(true)
  expect(downloads('https://evil.example/file')).toBe(false)
  expect(downloads('blob:https://evil.example/1b9d6bcd')).toBe(false)
})

type Ask = (
  contents: { getURL(): string },
  permission: string,
  answer: (yes: boolean) => void,
  details: { mediaTypes?: string[] },
) => void
