import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** SHA-256 over the names and contents of all files in folders, and of single files: equal only where nothing changed. */
export async function hashOfSources(folders: string[], files: string[]): Promise<string> {
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
