import { activityCsv } from '../engine/activity-csv.ts'
import { allAttempts, attemptOf } from '../engine/attempts.ts'
import { done, type Outcome } from './outcome.ts'
import { columns, shown, shownTime } from './shown.ts'
import type { Terminal } from './terminal.ts'
import { withGallery, type GalleryOptions } from './with-gallery.ts'

/** The audit log, newest first. */
export function activity(
  options: GalleryOptions & { limit: number; csv?: boolean },
  terminal: Terminal,
): Promise<Outcome> {
  return withGallery(options, terminal, false, async (parts) => {
    if (options.csv) {
      const csv = activityCsv(allAttempts(parts))
      const lines = csv.split('\r\n').slice(0, -1)
      return done({ csv }, terminal.onScreen ? lines.map(shown) : lines)
    }
    const attempts = parts.gallery.attempts({ limit: options.limit }).map(attemptOf)
    const rows = attempts.map(({ at, claim, outcome, distance, threshold }) => [
      shownTime(at),
      shown(claim),
      outcome,
      distance?.toFixed(4) ?? '',
      threshold?.toFixed(4) ?? '',
    ])
    const heading = ['time', 'claim', 'outcome', 'distance', 'threshold']
    return done(
      { attempts },
      rows.length === 0 ? ['Nobody has been verified yet.'] : columns([heading, ...rows]),
    )
  })
}
