import { readdir, readFile } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'

/** One file of the built page, as it is sent. */
export interface PageFile {
  type: string // MIME type
  body: Buffer
}

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
}

/**
 * Reads the built page into a table of address → file. Only what stands in the table is ever sent, so that no
 * address, however written, reaches outside the folder. Throws when the page was never built.
 */
export async function readPageFiles(folder: string): Promise<Map<string, PageFile>> {
  const files = new Map<string, PageFile>()
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const address = '/' + relative(folder, path).split(sep).join('/')
    files.set(address, {
      type: types[extname(path)] ?? 'application/octet-stream',
      body: await readFile(path),
    })
  }
  const index = files.get('/index.html')
  if (!index) throw new Error(`No page in ${folder}: run "npm run build" first`)
  files.set('/', index)
  return files
}
