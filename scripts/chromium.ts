import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'

const names = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'chrome',
  'microsoft-edge',
]

/** The sentence a person is given where no browser can be had. */
export const howToGetChromium =
  'The browser tests need a Chromium: run "sudo apt-get install chromium", or "npx playwright-core install chromium", or set SEMBLANCE_CHROMIUM to the path of one.'

/** Path of a Chromium that is there, or null. `SEMBLANCE_CHROMIUM` goes first. */
export async function findChromium(): Promise<string | null> {
  const wanted = process.env.SEMBLANCE_CHROMIUM
  if (wanted) return existsSync(wanted) ? wanted : null
  const folders = (process.env.PATH ?? '').split(delimiter)
  const onPath = folders.flatMap((folder) => names.map((name) => join(folder, name))).find(existsSync)
  if (onPath) return onPath
  const playwrights = (await import('playwright-core')).chromium.executablePath()
  return existsSync(playwrights) ? playwrights : null
}

/** Installs one: Debian's as root, Playwright's elsewhere. Returns its path, or null where neither could be had. */
export async function installChromium(): Promise<string | null> {
  const root = process.getuid?.() === 0
  if (root && existsSync('/usr/bin/apt-get')) {
    console.log('No Chromium found: installing Debian’s chromium for the browser tests…')
    const options = {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }
    spawnSync('apt-get', ['-qq', 'update'], options as never)
    spawnSync('apt-get', ['-qq', '-y', 'install', 'chromium'], options as never)
  } else {
    console.log('No Chromium found: Playwright installs one for the browser tests…')
    const cli = join(createRequire(import.meta.url).resolve('playwright-core/package.json'), '..', 'cli.js')
    spawnSync(process.execPath, [cli, 'install', 'chromium'], { stdio: 'inherit' })
  }
  return findChromium()
}
