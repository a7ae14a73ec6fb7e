import { constants } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import type { Refusal } from '../contract.ts'
import { refused } from '../engine/refusal.ts'
import type { ReadPicture } from '../vision/read-picture.ts'
import { shown } from './shown.ts'

const largestPhotograph = 256 * 1024 * 1024 // bytes; the contract's limit too

/** The files that paths name, folders read to their depths, in byte order within each; what is hidden is left out. */
export async function filesUnder(paths: string[]): Promise<string[]> {
  const found: string[] = []
  for (const path of paths) {
    const isFolder = (await stat(path).catch(() => null))?.isDirectory() ?? false
    if (!isFolder) {
      found.push(path) // what cannot be read is refused by name when it is
      continue
    }
    const entries = await readdir(path, { recursive: true, withFileTypes: true })
    const files = entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => !isHidden(relative(path, file)))
    found.push(...files.sort(byBytes))
  }
  return found
}

/** Itself, or in a folder that is: a thumbnail cache holds every photograph once more. */
function isHidden(path: string): boolean {
  return path.split(sep).some((part) => part.startsWith('.'))
}

/** Order of the UTF-8 bytes: the same on every machine, whatever its language. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/** Decodes one photograph, or says by a stable word and in a sentence why not. */
export async function readPhotograph(path: string): Promise<ReadPicture | Refusal> {
  const [{ readPicture }, bytes] = await Promise.all([import('../vision/read-picture.ts'), readBytes(path)])
  return bytes instanceof Uint8Array ? readPicture(bytes, path) : bytes
}

/** Photographs in order, the next ones decoded while one is looked at: never more than `ahead` in memory besides. */
export async function* photographsAhead(
  paths: string[],
  ahead = 1, // a phone's full picture takes 150 MB decoded
): AsyncGenerator<{ path: string; read: ReadPicture | Refusal }> {
  const reading: Promise<ReadPicture | Refusal>[] = []
  for (const [i, path] of paths.entries()) {
    while (reading.length <= ahead && i + reading.length < paths.length) {
      const next = readPhotograph(paths[i + reading.length]!)
      next.catch(() => {}) // thrown where it is awaited below
      reading.push(next)
    }
    yield { path, read: await reading.shift()! }
  }
}

/** The whole of a regular file. A pipe without a writer is not waited for. */
export async function readBytes(path: string, largest = largestPhotograph): Promise<Uint8Array | Refusal> {
  try {
    await using file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)) // Windows has no such flag
    const { size } = await file.stat().then((found) => (found.isFile() ? found : { size: -1 }))
    if (size < 0) return refused('not-a-file', `${shown(path)} is not a file.`)
    if (size > largest)
      return refused('file-too-large', `${shown(path)} is larger than ${largest / 1024 ** 2} MiB.`)
    return await file.readFile()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return refused('no-such-file', `There is no file ${shown(path)}.`)
    if (code === 'EISDIR') return refused('not-a-file', `${shown(path)} is a folder, not a file.`)
    return refused('file-unreadable', `${shown(path)} cannot be read (${code ?? message}).`)
  }
}
