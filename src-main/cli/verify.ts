import type { Verdict } from '../contract.ts'
import { refused } from '../engine/refusal.ts'
import { verify as verifyBurst } from '../engine/verification.ts'
import type { Picture } from '../vision/face.ts'
import { refusedOutcome, type ExitCode, type Outcome } from './outcome.ts'
import { filesUnder, readPhotograph } from './photograph-files.ts'
import { shown } from './shown.ts'
import type { Terminal } from './terminal.ts'
import { withGallery, type GalleryOptions } from './with-gallery.ts'

const mostPhotographs = 12 // as many frames as the window's burst may have

/** Whether the photographs, fused into one probe, show who they are claimed to show. */
export async function verify(
  name: string,
  paths: string[],
  options: GalleryOptions,
  terminal: Terminal,
): Promise<Outcome> {
  const files = await filesUnder(paths)
  if (files.length > mostPhotographs)
    return refusedOutcome(
      refused('too-many-photographs', `${mostPhotographs} photographs are fused at most.`),
    )
  return withGallery(options, terminal, true, async (parts) => {
    const skipped: Skipped[] = []
    const pictures = readable(files, (one) => {
      skipped.push(one)
      terminal.say(`${shown(one.file)}: refused: ${one.message}`)
    })
    const first = await pictures.next()
    if (first.done)
      return refusedOutcome(
        refused(skipped[0]?.reason ?? 'no-photographs', 'None of the photographs can be read.'),
      )
    const known = parts.gallery.personByName(name)
    const claim = known ? { person: known.person } : { unknownName: name }
    const verdict = await verifyBurst(parts, claim, startingWith(first.value, pictures), 'file')
    const exitCode = exitCodeOf(verdict)
    if ('message' in verdict) terminal.say(`${shown(name)}: ${verdict.kind}: ${verdict.message}`)
    return { exitCode, json: { ...withoutImage(verdict), skipped }, text: inWords(name, verdict) }
  })
}

interface Skipped {
  file: string
  reason: string
  message: string
}

/** One picture at a time is in memory: a dozen of a phone's would take two gigabytes. */
async function* readable(files: string[], skip: (one: Skipped) => void): AsyncGenerator<Picture, void> {
  for (const file of files) {
    const read = await readPhotograph(file)
    if (read.kind === 'picture') yield read.picture
    else skip({ file, reason: read.reason, message: read.message })
  }
}

async function* startingWith<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first
  yield* rest
}

function exitCodeOf({ kind }: Verdict): ExitCode {
  return kind === 'match' ? 0 : kind === 'no-match' ? 1 : 2
}

function withoutImage(verdict: Verdict) {
  if (!('bestFrame' in verdict)) return verdict
  const { bestFrame: _image, ...rest } = verdict
  return rest
}

function inWords(name: string, verdict: Verdict): string[] {
  if ('message' in verdict) return []
  const { distance, threshold, framesUsed } = verdict
  const evidence = `distance ${distance.toFixed(4)}, threshold ${threshold.distance.toFixed(4)} (${threshold.form}, FMR ${threshold.wantedFmr}), ${framesUsed} used`
  const { origin } = threshold
  const stale = origin.kind === 'tuned' && origin.stale !== null ? [origin.stale] : []
  const { personal } = threshold
  const own = personal
    ? [
        `A threshold of their own, stricter than everybody’s ${personal.everyones.toFixed(4)}. ${personal.stale ?? personal.reason}`,
      ]
    : []
  const note = [origin.note, ...stale, ...own]
  return verdict.kind === 'match'
    ? [`match: ${shown(name)}`, evidence, ...note]
    : [`no match: not ${shown(name)}`, evidence, verdict.why, ...note]
}
