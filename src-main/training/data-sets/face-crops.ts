import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { replaceFile } from '../../gallery/durable-file.ts'
import type { Picture } from '../../vision/face.ts'
import { cropToPng } from '../../vision/kept-crop.ts'
import { readPicture } from '../../vision/read-picture.ts'
import { filesByFolder } from './folder-per-class.ts'

/** What finds faces; `Vision` does. */
export interface FaceFinder {
  faces(picture: Picture, options: { embed: false; source: 'file' }): Promise<{ crop: Picture }[]>
}

export interface FaceCropsSettings {
  /** A folder of people, each a folder of photographs. */
  folder: string
  /** Becomes a folder of people with the kept crop of each photograph: open it with framing 'kept-crop'. */
  cache: string
  finder: FaceFinder
}

export interface FaceCropsProgress {
  done: number
  total: number
  found: number // photographs with a face
  fromCache: number
  /** Photographs left out, and why; at most the newest. */
  leftOut: { file: string; why: string } | null
}

/** By photograph: what it held when it was looked at, and what came of it. */
type Index = Record<string, { hash: string; crop: string | null; why: string }>

/**
 * Crops the most prominent face of every photograph of a folder, once: a photograph that has not changed is not looked at
 * again. What is no longer in the folder leaves the cache. Throws when the folder holds no photograph.
 */
export async function* cropFaces({
  folder,
  cache,
  finder,
}: FaceCropsSettings): AsyncGenerator<FaceCropsProgress> {
  const files = await filesByFolder(folder)
  if (files.length === 0) throw new Error(`${folder} holds no folder with photographs in it`)
  const indexPath = join(cache, 'index.json')
  const known = await readIndex(indexPath)
  const index: Index = {}
  let [found, fromCache] = [0, 0]
  for (const [i, { class: person, file }] of files.entries()) {
    const bytes = await readFile(file)
    const hash = createHash('sha256').update(bytes).digest('hex')
    const key = `${person}/${basename(file)}`
    let entry = known[key]
    if (entry?.hash === hash && (entry.crop === null || (await exists(join(cache, entry.crop))))) fromCache++
    else {
      const cropped = await cropOf(bytes, basename(file), finder)
      const crop = 'crop' in cropped ? join(person, `${basename(file)}.png`) : null
      if ('crop' in cropped) {
        await mkdir(join(cache, person), { recursive: true })
        await writeFile(join(cache, crop!), await cropToPng(cropped.crop))
      }
      entry = { hash, crop, why: 'why' in cropped ? cropped.why : '' }
    }
    index[key] = entry
    if (entry.crop) found++
    if ((i + 1) % 200 === 0) await writeIndex(indexPath, { ...known, ...index }) // what was done survives an end
    const leftOut = entry.crop ? null : { file: key, why: entry.why }
    yield { done: i + 1, total: files.length, found, fromCache, leftOut }
  }
  for (const [key, { crop }] of Object.entries(known))
    if (!(key in index) && crop) await rm(join(cache, crop), { force: true })
  await writeIndex(indexPath, index)
}

async function cropOf(
  bytes: Uint8Array,
  name: string,
  finder: FaceFinder,
): Promise<{ crop: Picture } | { why: string }> {
  const read = await readPicture(bytes, name)
  if (read.kind === 'refused') return { why: read.message }
  const [face] = await finder.faces(read.picture, { embed: false, source: 'file' })
  return face ? { crop: face.crop } : { why: 'no face was found' }
}

async function readIndex(path: string): Promise<Index> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Index
  } catch {
    return {} // missing or damaged: everything is looked at anew
  }
}

async function writeIndex(path: string, index: Index) {
  await mkdir(join(path, '..'), { recursive: true })
  await replaceFile(path, JSON.stringify(index)) // two runs over one folder each write aside under a name of their own
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )
