import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { dataSetOf, type DataSet, type Framing, type LabelledFile } from './data-set.ts'
import { decodeImage } from './decode-image.ts'

const imageFile = /\.(jpe?g|png|webp|avif|tiff?|gif|bmp|pgm|ppm)$/i

/** A folder whose subfolders are the classes, each with its pictures. Throws when it holds none. */
export async function folderPerClass(folder: string, framing: Framing = 'whole'): Promise<DataSet> {
  const files = await filesByFolder(folder)
  if (files.length === 0) throw new Error(`${folder} holds no folder with pictures in it`)
  return dataSetOf(files, framing, decodeImage)
}

/** The image files one folder down; hidden ones left out. */
export async function filesByFolder(folder: string): Promise<LabelledFile[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  const files = await Promise.all(
    folders.map(async ({ name }) => {
      const inside = await readdir(join(folder, name))
      return inside
        .filter((file) => imageFile.test(file) && !file.startsWith('.'))
        .map((file) => ({ class: name, file: join(folder, name, file) }))
    }),
  )
  return files.flat()
}
