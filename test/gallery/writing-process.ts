/**
 * A process that writes to a gallery until it is done or killed, and says each acknowledged thing on a line of its
 * own: `photograph <number> <hash>`, `enrolled <person> <photographs>`, `importing <people so far>`, `done`.
 *
 *   node writing-process.ts <home> <seed> <rounds> [exported file]
 */
import { readFileSync, writeSync } from 'node:fs'
import { Gallery } from '../../src-main/gallery/gallery.ts'
import { cropOf, hashOf, photographOf, someone } from './made-up.ts'

const [home, seedText, roundsText, file] = process.argv.slice(2) as [string, string, string, string?]
const seed = Number(seedText)
const say = (line: string) => writeSync(1, `${line}\n`)

const opened = await Gallery.open({ home, key: { kind: 'key-file' }, now: Date.now })
if (opened.kind === 'refused') {
  say(`refused ${opened.reason}`)
  process.exit(1)
}
const { gallery } = opened
say('open')
const own = gallery.enrol(someone(`Writer ${seed}`), [])
if (own.kind === 'refused') throw new Error(own.message)

for (let round = 0; round < Number(roundsText); round++) {
  const number = seed * 10_000 + round * 10
  const crop = cropOf(number, 30_000)
  const added = gallery.addPhotograph(own.person, photographOf(number, { crop, cropHash: hashOf(crop) }))
  if (added.kind === 'refused') throw new Error(added.message)
  say(`photograph ${added.photograph} ${hashOf(crop)}`)

  const three = [1, 2, 3].map((i) => photographOf(number + i))
  const enrolment = gallery.enrol(someone(`Three ${number}`), three)
  if (enrolment.kind === 'refused') throw new Error(enrolment.message)
  say(`enrolled ${enrolment.person} ${enrolment.photographs.length}`)

  if (file && round === 0) {
    const imported = await gallery.importFrom(readFileSync(file), 'correct horse battery', {
      looker: null,
      onProgress: (done) => say(`importing ${done}`),
    })
    if (imported.kind === 'refused') throw new Error(imported.message)
  }
}
say('done')
gallery.close()
