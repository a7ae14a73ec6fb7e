import type { EnrolmentWarning } from '../contract.ts'
import { enrolPhotographs, outliersOf, type Enrolled } from '../engine/enrol-photographs.ts'
import { nameRefusal } from '../gallery/person-name.ts'
import type { Outcome } from './outcome.ts'
import { refusedOutcome } from './outcome.ts'
import { filesUnder, photographsAhead } from './photograph-files.ts'
import { count, shown } from './shown.ts'
import type { Terminal } from './terminal.ts'
import { withGallery, type GalleryOptions } from './with-gallery.ts'
import { refused } from '../engine/refusal.ts'

/** Adds photographs to a person, new or known; a bad file is named and skipped. */
export async function enrol(
  name: string,
  paths: string[],
  options: GalleryOptions & { atMost?: number },
  terminal: Terminal,
): Promise<Outcome> {
  const wrong = nameRefusal(name)
  if (wrong) return refusedOutcome(wrong)
  const files = await filesUnder(paths)
  if (files.length === 0) return refusedOutcome(refused('no-photographs', 'There is no file in there.'))
  return withGallery(options, terminal, true, async (parts) => {
    const known = parts.gallery.personByName(name)
    const who = known ? { person: known.person } : { name }
    const enrolled: Enrolled[] = []
    const progress = await terminal.progress(files.length, `Enrolling ${shown(name)}`)
    const interrupted = new AbortController()
    const interrupt = () => interrupted.abort()
    process.once('SIGINT', interrupt)
    try {
      for await (const one of enrolPhotographs(parts, who, photographsAhead(files), options.atMost)) {
        enrolled.push(one)
        for (const line of linesAbout(one)) progress.say(line)
        progress.step(enrolled.length)
        if (interrupted.signal.aborted) break
      }
    } finally {
      progress.stop()
      process.off('SIGINT', interrupt)
    }

    const stored = enrolled.filter((one) => one.kind === 'stored')
    const person = stored[0]?.person ?? known?.person ?? null
    const outliers = new Set(person === null ? [] : outliersOf(parts, person))
    for (const { path, photograph } of stored)
      if (outliers.has(photograph))
        terminal.say(`${shown(path)}: warning: does not look like the other photographs of this person`)
    const refusals = enrolled.flatMap((one) =>
      one.kind === 'refused'
        ? [{ file: one.path, reason: one.refusal.reason, message: one.refusal.message }]
        : [],
    )
    const unseen = files.length - enrolled.length
    const text = [
      `${count(stored.length, 'photograph')} of ${shown(name)} enrolled${known ? ' (added)' : ''}, ${refusals.length} refused.`,
      ...(unseen > 0 ? [`${count(unseen, 'photograph')} were not looked at.`] : []),
    ]
    return {
      exitCode: refusals.length > 0 || unseen > 0 ? 2 : 0,
      json: {
        kind: 'enrolled',
        name,
        person,
        stored: stored.map(({ path, photograph, warnings }) => ({
          file: path,
          photograph,
          warnings: [...warnings.map(plain), ...(outliers.has(photograph) ? [{ kind: 'outlier' }] : [])],
        })),
        refused: refusals,
        notLookedAt: unseen,
      },
      text,
    }
  })
}

function linesAbout(one: Enrolled): string[] {
  const file = shown(one.path)
  if (one.kind === 'refused') return [`${file}: refused: ${one.refusal.message}`]
  return [
    ...(one.note ? [`${file}: ${one.note}`] : []),
    ...one.warnings.map((warning) => `${file}: warning: ${inWords(warning)}`),
  ]
}

function inWords(warning: EnrolmentWarning): string {
  switch (warning.kind) {
    case 'near-another-person':
      return `looks like ${shown(warning.name)}, who is enrolled too (distance ${warning.distance.toFixed(3)})`
    case 'more-than-one-face':
      return `${warning.faces} faces in it; the most prominent one was taken`
    case 'outlier':
      return 'does not look like the other photographs of this person'
    case 'same-photograph-twice':
      return 'seems to be a photograph that is enrolled already, saved another time'
  }
}

function plain({ photograph: _itsNumber, ...warning }: EnrolmentWarning) {
  return warning
}
