/**
 * A process that restores an exported gallery into an empty one, and kills itself (SIGKILL) when the gallery looks at the
 * clock for the given time after that began: cohorts, models and kept probes are dated when they are added. Says `restored`
 * where it gets to the end.
 *
 *   node restoring-process.ts <home> <exported file> <times>
 */
import { readFileSync, writeSync } from 'node:fs'
import { Gallery } from '../../src-main/gallery/gallery.ts'

const [home, file, times] = process.argv.slice(2) as [string, string, string]
let left = Infinity
const now = () => {
  if (--left === 0) process.kill(process.pid, 'SIGKILL')
  return Date.now()
}
const opened = await Gallery.open({ home, key: { kind: 'key-file' }, now })
if (opened.kind === 'refused') throw new Error(opened.message)
left = Number(times)
const imported = await opened.gallery.importFrom(readFileSync(file), 'correct horse battery', {
  looker: null,
})
if (imported.kind === 'refused') throw new Error(imported.message)
writeSync(1, 'restored\n')
opened.gallery.close()
