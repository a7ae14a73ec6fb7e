import { refused } from '../engine/refusal.ts'
import { openModels } from './models.ts'
import type { Outcome } from './outcome.ts'
import { filesUnder, photographsAhead } from './photograph-files.ts'
import { shown } from './shown.ts'
import type { Terminal } from './terminal.ts'

/** The 128 numbers of the most prominent face of each photograph, whatever its quality. */
export async function embed(paths: string[], terminal: Terminal): Promise<Outcome> {
  const { networks, card } = await openModels(terminal)
  const files = await filesUnder(paths)
  const progress = await terminal.progress(files.length, 'Embedding')
  const photographs: object[] = []
  const text: string[] = []
  let refusals = 0
  for await (const { path: file, read } of photographsAhead(files)) {
    const [face] =
      read.kind === 'refused' ? [] : await networks.faces(read.picture, { source: 'file', embed: 'first' })
    if (face) {
      photographs.push({ file, embedding: Array.from(face.embedding) })
      text.push(`${shown(file)}\t${Array.from(face.embedding, (value) => value.toFixed(6)).join(' ')}`)
    } else {
      refusals++
      const { reason, message } =
        read.kind === 'refused' ? read : refused('no-face', 'No face was found in it.')
      photographs.push({ file, refused: { reason, message } })
      progress.say(`${shown(file)}: refused: ${message}`)
    }
    progress.step(photographs.length)
  }
  progress.stop()
  return {
    exitCode: refusals > 0 ? 2 : 0,
    json: { model: { name: card.model, version: card.version }, photographs },
    text,
  }
}
