import { existsSync } from 'node:fs'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { build } from 'vite'
import { hashOfSources } from '../../scripts/hash-of-sources.ts'
import { drawnFilm } from './drawn-face.ts'
import { servePage, type EngineBehind, type ServedPage } from './page-server.ts'

/** Debian's Chromium where it is, else whatever Playwright was told or has installed. */
function chromiumPath(): string | undefined {
  const named = process.env.CHROMIUM
  if (named) return named
  return ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
    existsSync(path),
  )
}

/** The page as it is built for both shells, and a browser whose camera shows a drawn person. */
export interface Workbench {
  browser: Browser
  folder: string
  close(): Promise<void>
}

export async function openWorkbench(): Promise<Workbench> {
  const folder = await mkdtemp(join(tmpdir(), 'semblance-page-'))
  const film = join(folder, 'camera.y4m')
  const built = await builtPage()
  await writeFile(film, await drawnFilm({ skin: '#e0b092', hair: '#4a2f22', shirt: '#3d5a73' }))
  const browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: ['--no-sandbox', '--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${film}`],
  })
  return {
    browser,
    folder: built,
    close: async () => {
      await browser.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Built once for every file of tests that opens it: it takes seconds, and the files are read only. Of two at once the first counts. */
async function builtPage(): Promise<string> {
  const sources = await hashOfSources(['src-renderer', 'src-main'], ['package-lock.json'])
  const built = resolve('node_modules/.cache/semblance-page', sources)
  if (existsSync(built)) return built
  const aside = `${built}.${process.pid}`
  await build({
    configFile: false,
    root: resolve('src-renderer'),
    base: './',
    logLevel: 'error',
    plugins: [svelte()],
    build: { outDir: aside, emptyOutDir: true, assetsInlineLimit: 0, minify: false },
  })
  await rename(aside, built).catch(() => rm(aside, { recursive: true }))
  return built
}

export interface Opened {
  page: Page
  context: BrowserContext
  served: ServedPage
  /** Everything the browser complained about: refused content, failed scripts, unexpected requests. */
  complaints: string[]
  close(): Promise<void>
}

export interface Wish {
  hash?: string
  width?: number
  height?: number
  theme?: 'light' | 'dark'
  camera?: 'allowed' | 'denied'
  reducedMotion?: boolean
}

/** Opens the page on a scripted engine, in a context of its own. */
export async function open(workbench: Workbench, engine: EngineBehind, wish: Wish = {}): Promise<Opened> {
  const served = await servePage(workbench.folder, engine)
  const context = await workbench.browser.newContext({
    viewport: { width: wish.width ?? 1280, height: wish.height ?? 800 },
    colorScheme: wish.theme ?? 'light',
    reducedMotion: wish.reducedMotion ? 'reduce' : 'no-preference',
    permissions: wish.camera === 'denied' ? [] : ['camera'],
  })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (!request.url().startsWith(served.address) && !request.url().startsWith('blob:'))
      complaints.push(`asked for ${request.url()}`)
  })
  await page.goto(`${served.address}${wish.hash ?? '#/verify'}`)
  return {
    page,
    context,
    served,
    complaints,
    close: async () => {
      await context.close()
      await served.close()
    },
  }
}
