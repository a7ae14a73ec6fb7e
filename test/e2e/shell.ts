import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { _electron, chromium, type Browser, type Page } from 'playwright-core'
import { findChromium, howToGetChromium } from '../../scripts/chromium.ts'

/** The program as a person has it in front of them: a page, and whatever carries it. */
export interface Shell {
  page: Page
  close(): Promise<void>
}

export interface ShellOptions {
  home: string
  camera: string // path of a .y4m
}

/** The browser shell, really served, in a real Chromium. */
export async function openBrowserShell({ home, camera }: ShellOptions): Promise<Shell> {
  const { process: served, address } = await startServing(home)
  const browser = await launchChromium(camera)
  const context = await browser.newContext({
    viewport: { width: 1024, height: 700 },
    permissions: ['camera'],
  })
  const page = await context.newPage()
  await page.goto(address)
  return {
    page,
    async close() {
      await browser.close()
      await stop(served)
    },
  }
}

/** Path of Electron's binary, or null where only its npm package is there. */
export function electronBinary(): string | null {
  const folder = dirname(createRequire(import.meta.url).resolve('electron/package.json'))
  const pathFile = join(folder, 'path.txt')
  if (!existsSync(pathFile)) return null
  const binary = join(folder, 'dist', readFileSync(pathFile, 'utf8'))
  return existsSync(binary) ? binary : null
}

/** The desktop window, in real Electron. */
export async function openDesktopShell({ home, camera }: ShellOptions): Promise<Shell> {
  const app = await _electron.launch({
    executablePath: electronBinary()!,
    args: ['out/main/main.js', ...fakeCamera(camera)],
    env: { ...(process.env as Record<string, string>), SEMBLANCE_HOME: home },
  })
  return { page: await app.firstWindow(), close: () => app.close() }
}

/** `semblance serve`, until its address is printed. */
export async function startServing(home: string): Promise<{ process: ChildProcess; address: string }> {
  const served = spawn(
    process.execPath,
    ['src-main/cli/semblance.js', 'serve', '--home', home, '--port', '0'],
    {
      stdio: ['ignore', 'ignore', 'pipe'], // what is said to the person at the terminal goes to stderr
    },
  )
  let said = ''
  const address = await new Promise<string>((resolve, reject) => {
    served.stderr!.on('data', (chunk: Buffer) => {
      said += chunk
      const found = /http:\/\/127\.0\.0\.1:\d+\/#token=\S+/.exec(said)
      if (found) resolve(found[0])
    })
    served.once('exit', (code) => reject(new Error(`serve ended with ${code}: ${said}`)))
  })
  return { process: served, address }
}

export async function stop(served: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => served.once('exit', resolve))
  served.kill('SIGTERM')
  await ended
}

/** The page at the size that has to fit without scrolling, its camera allowed. */
export async function pageIn(browser: Browser, address: string): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1024, height: 700 },
    permissions: ['camera'],
  })
  const page = await context.newPage()
  await page.goto(address)
  return page
}

export async function launchChromium(camera: string): Promise<Browser> {
  const executablePath = await findChromium()
  if (!executablePath) throw new Error(howToGetChromium)
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox', // Chromium refuses to run as root with it, and CI is root
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...fakeCamera(camera),
    ],
  })
}

function fakeCamera(file: string): string[] {
  return [
    '--use-fake-ui-for-media-stream', // grants the camera without asking
    '--use-fake-device-for-media-stream',
    `--use-file-for-fake-video-capture=${file}`,
  ]
}
