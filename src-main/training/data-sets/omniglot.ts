import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { dataSetOf, type DataSet, type LabelledFile } from './data-set.ts'
import { decodeImage } from './decode-image.ts'
import { filesByFolder } from './folder-per-class.ts'

/**
 * Omniglot (Lake et al. 2015): alphabet/character/drawing.png, every character a class. Alphabets that are in more than
 * one of the folders (the small background sets share Greek and Latin) are taken once. Throws without a drawing.
 */
export async function omniglot(folders: readonly string[]): Promise<DataSet> {
  const alphabets = new Map<string, string>()
  for (const folder of folders)
    for (const entry of await readdir(folder, { withFileTypes: true }))
      if (entry.isDirectory() && !alphabets.has(entry.name))
        alphabets.set(entry.name, join(folder, entry.name))
  const files: LabelledFile[] = []
  for (const [alphabet, folder] of alphabets)
    for (const file of await filesByFolder(folder))
      files.push({ ...file, class: `${alphabet}/${file.class}` })
  if (files.length === 0) throw new Error(`${folders.join(', ')}: no alphabet/character/drawing.png`)
  return dataSetOf(files, 'whole', decodeImage)
}
