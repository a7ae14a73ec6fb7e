/** Builds the page and the desktop's bundles into `out/`; does nothing when they are newer than their sources. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { build } from 'electron-vite'
import { hashOfSources } from './hash-of-sources.ts'

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
