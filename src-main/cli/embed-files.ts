import type { Embeddings } from '../evaluation/embeddings.ts'
import { embeddingLength } from '../vision/face.ts'
import type { Networks } from '../engine/parts.ts'
import { openModels } from './models.ts'
import { photographsAhead } from './photograph-files.ts'
import { shown } from './shown.ts'
import type { Terminal } from './terminal.ts'

export interface EmbeddedFiles {
  /** A row for every file handed in; zeros where no face was found or the file was not wanted. */
  embeddings: Embeddings
  found: boolean[]
  /** Mean luminance of each face, 0–1; NaN where none was found. */
  luminance: number[]
  /** Paths of photographs without a face, unreadable ones among them. */
  undetected: string[]
  unreadable: number
}

/** Embeds the most prominent face of each file: 512 bytes a photograph stay in memory, nothing else. */
export async function embedFiles(
  files: ({ path: string; person: number } | null)[],
  terminal: Terminal,
  opened?: Pick<Networks, 'faces'>,
): Promise<EmbeddedFiles> {
  const networks = opened ?? (await openModels(terminal)).networks
  const vectors = new Float32Array(files.length * embeddingLength)
  const found = files.map(() => false)
  const luminance = files.map(() => NaN)
  const undetected: string[] = []
  let unreadable = 0
  const wanted = files.flatMap((file, row) => (file ? [{ path: file.path, row }] : []))
  const progress = await terminal.progress(wanted.length, 'Embedding photographs')
  let done = 0
  for await (const { path, read } of photographsAhead(wanted.map((file) => file.path))) {
    const { row } = wanted[done]!
    if (read.kind === 'refused') {
      unreadable++
      progress.say(`${shown(path)}: refused: ${read.message}`)
    }
    const [face] =
      read.kind === 'refused' ? [] : await networks.faces(read.picture, { source: 'file', embed: 'first' })
    if (face) {
      vectors.set(face.embedding, row * embeddingLength)
      found[row] = true
      luminance[row] = face.quality.find(({ component }) => component === 'Luminance')?.value ?? NaN
    } else undetected.push(path)
    progress.step(++done)
  }
  progress.stop()
  const people = files.map((file) => file?.person ?? -1)
  const embeddings = { vectors, dimension: embeddingLength, people }
  return { embeddings, found, luminance, undetected, unreadable }
}
