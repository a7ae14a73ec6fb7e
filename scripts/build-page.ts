/** Builds the page and the desktop's bundles into `out/`; does nothing when they are newer than their sources. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'electron-vite'

const stamp = 'out/sources.sha256'
const sources = await hashOfSources(['src-main', 'src-renderer'], ['electron.config.ts', 'package-lock.json'])

if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sources && existsSync('out/renderer/index.html')) {
  process.exit(0)
}
const started = Date.now()
console.log('Building the page…')
await build({ configFile: 'electron.config.ts', logLevel: 'warn' })
writeFileSync(stamp, sources)
console.log(`Built the page in ${((Date.now() - started) / 1000).toFixed(1)} s`)

async function hashOfSources(folders: string[], files: string[]): Promise<string> {
  const hash = createHash('sha256')
  const found: string[] = []
  for (const folder of folders)
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) found.push(join(entry.parentPath, entry.name))
  for (const path of [...found.sort(), ...files]) {
    hash.update(path).update('\0')
    if (existsSync(path)) hash.update(await readFile(path))
  }
  return hash.digest('hex')
}
