/**
 * A process that promotes a model and rolls back, again and again, until it is killed, and says each acknowledged thing
 * on a line of its own: `ready`, `promoted`, `back`.
 *
 *   node promoting-process.ts <home>
 */
import { writeSync } from 'node:fs'
import { Gallery } from '../../src-main/gallery/gallery.ts'
import type { Embed } from '../../src-main/gallery/versions-in-use.ts'

const opened = await Gallery.open({ home: process.argv[2]!, key: { kind: 'key-file' }, now: Date.now })
if (opened.kind === 'refused') throw new Error(opened.message)
const { gallery } = opened
const say = (line: string) => writeSync(1, `${line}\n`)

const [candidate] = gallery.models.versions()
const negated: Embed = (version, seen) => {
  const { features, embedding } = seen.find(({ modelVersion }) => modelVersion === 'model-1')!
  return { modelVersion: version ?? 'model-1', features, embedding: embedding.map((value) => -value) }
}
say('ready')
for (;;) {
  gallery.models.promote(candidate!.version, negated, { evenIfRejected: false })
  say('promoted')
  gallery.models.rollBack(negated)
  say('back')
}
