import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Picture } from '../../vision/face.ts'
import { dataSetOf, type DataSet, type LabelledFile } from './data-set.ts'
import { decodeImage } from './decode-image.ts'
import { filesByFolder } from './folder-per-class.ts'

/**
 * Omniglot (Lake et al. 2015): alphabet/character/drawing.png, every character a class. Alphabets that are in more than
 * one of the folders (the small background sets share Greek and Latin) are taken once. `turned`: each character turned by
 * 90°, 180° and 270° is a further character (Santoro et al. 2016, section 4.1). Throws without a drawing.
 */
export async function omniglot(folders: readonly string[], turned = false): Promise<DataSet> {
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
  const set = dataSetOf(files, 'whole', decodeImage)
  return turned ? withQuarterTurns(set) : set
}

/** Four times the classes: all as they are, then all turned by 90°, by 180°, by 270°. */
function withQuarterTurns(set: DataSet): DataSet {
  const count = set.labels.length
  const turns = [0, 1, 2, 3]
  return {
    classes: turns.flatMap((turn) => set.classes.map((name) => (turn ? `${name} ${90 * turn}°` : name))),
    labels: Int32Array.from(
      { length: count * turns.length },
      (_, i) => set.labels[i % count]! + Math.floor(i / count) * set.classes.length,
    ),
    framing: set.framing,
    picture: async (index) => quarterTurned(await set.picture(index % count), Math.floor(index / count)),
  }
}

/** Clockwise, by so many right angles. */
function quarterTurned(picture: Picture, turns: number): Picture {
  if (turns === 0) return picture
  const { width, height, rgb } = picture
  const turned = new Uint8Array(rgb.length)
  for (let row = 0; row < width; row++)
    for (let column = 0; column < height; column++) {
      const from = ((height - 1 - column) * width + row) * 3
      const to = (row * height + column) * 3
      for (let channel = 0; channel < 3; channel++) turned[to + channel] = rgb[from + channel]!
    }
  return quarterTurned({ width: height, height: width, rgb: turned }, turns - 1)
}
