/** `npm start`: the desktop window where Electron and a display are there, else the browser shell, saying why. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'

const { values: options } = parseArgs({
  options: {
    browser: { type: 'boolean', default: false }, // the browser shell, whatever is there
    open: { type: 'boolean', default: hasDisplay() },
    port: { type: 'string', default: '0' },
    home: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
  allowNegative: true,
})

if (options.help) {
  console.log(`npm start -- [--browser] [--no-open] [--port N] [--home DIR]

  --browser   the page in a browser at 127.0.0.1, instead of the desktop window
  --no-open   print the browser shell's address, open nothing
  --port N    the browser shell's port (default: one that is free)
  --home DIR  where the gallery lies (default: the system's folder for a program's data)`)
  process.exit(0)
}
if (options.home) process.env.SEMBLANCE_HOME = options.home

const missing = options.browser ? null : whyNoWindow()
if (!options.browser && !missing) {
  const electron = electronBinary()!
  const { status } = spawnSync(electron, ['out/main/main.js'], { stdio: 'inherit' })
  process.exit(status ?? 3)
}
if (missing) console.log(`${missing} Opening in the browser instead.`)

const browserArguments = ['serve', '--port', options.port, ...(options.open ? ['--open'] : [])]
const served = spawnSync(process.execPath, ['src-main/cli/semblance.js', ...browserArguments], {
  stdio: 'inherit',
})
process.exit(served.status ?? 3)

/** The one line that says why there is no desktop window, or null. */
function whyNoWindow(): string | null {
  if (!hasDisplay()) return 'There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set).'
  if (process.getuid?.() === 0) return 'Electron does not run as root with its sandbox on.'
  if (electronBinary() || fetchElectron()) return null
  return 'Electron’s binary is not here and could not be fetched (npx install-electron).'
}

function hasDisplay(): boolean {
  return process.platform !== 'linux' || !!(process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY)
}

function electronFolder(): string {
  return dirname(createRequire(import.meta.url).resolve('electron/package.json'))
}

/** Path of Electron's executable, or null where only its npm package is there. */
function electronBinary(): string | null {
  const folder = process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(electronFolder(), 'dist')
  const pathFile = join(electronFolder(), 'path.txt')
  const name = existsSync(pathFile) ? readFileSync(pathFile, 'utf8') : 'electron'
  return existsSync(join(folder, name)) ? join(folder, name) : null
}

function fetchElectron(): boolean {
  console.log('Fetching Electron’s binary (about 110 MB, once)…')
  const install = spawnSync(process.execPath, [join(electronFolder(), 'install.js')], {
    stdio: ['ignore', 'inherit', 'ignore'], // its stack trace would only hide the line that says what to do
    timeout: 300_000,
  })
  return install.status === 0 && electronBinary() !== null
}
