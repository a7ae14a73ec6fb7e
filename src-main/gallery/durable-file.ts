import { randomBytes } from 'node:crypto'
import { link, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Creates a file for its owner alone, whole or not at all, and never over one that is there: it is written aside,
 * flushed, and given its name in one step. Does nothing where the name is taken.
 */
export async function createFile(path: string, text: string): Promise<void> {
  const aside = asideOf(path)
  try {
    await writeFlushed(aside, text)
    await publish(aside, path)
  } finally {
    await rm(aside, { force: true })
  }
}

/** As `createFile`, but in the place of what is there. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const aside = asideOf(path)
  try {
    await writeFlushed(aside, content)
    await rename(aside, path)
    await flushFolder(dirname(path))
  } finally {
    await rm(aside, { force: true })
  }
}

/** Gives a finished file its name, unless another process has taken it meanwhile. */
export async function publish(aside: string, path: string): Promise<void> {
  try {
    await link(aside, path) // unlike a rename, never over another
    await flushFolder(dirname(path))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** A name nobody else uses, in the same folder, so that it can be renamed. */
export function asideOf(path: string): string {
  return `${path}.new-${randomBytes(8).toString('hex')}`
}

async function writeFlushed(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function flushFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return // a folder cannot be opened there; NTFS journals its names
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
