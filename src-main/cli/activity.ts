import { activityCsv } from '../engine/activity-csv.ts'
import { allAttempts, attemptOf } from '../engine/attempts.ts'
import { modelEvents } from '../engine/retraining/model-events.ts'
import { done, type Outcome } from './outcome.ts'
import { columns, shown, shownTime } from './shown.ts'
import type { Terminal } from './terminal.ts'
import { withGallery, type GalleryOptions } from './with-gallery.ts'

/** The audit log, newest first: who was verified, and which model came into use between. */
export function activity(
  options: GalleryOptions & { limit: number; csv?: boolean },
  terminal: Terminal,
): Promise<Outcome> {
  return withGallery(options, terminal, false, async (parts) => {
    if (options.csv) {
      const csv = activityCsv(allAttempts(parts), modelEvents(parts))
      const lines = csv.split('\r\n').slice(0, -1)
      return done({ csv }, terminal.onScreen ? lines.map(shown) : lines)
    }
    const attempts = parts.gallery.attempts.newest({ limit: options.limit }).map(attemptOf)
    const oldest = attempts.length < options.limit ? -Infinity : (attempts.at(-1)?.at ?? -Infinity)
    const events = modelEvents(parts).filter(({ at }) => at >= oldest)
    const rows = [
      ...attempts.map(({ at, claim, outcome, distance, threshold }) => ({
        at,
        cells: [shown(claim), outcome, distance?.toFixed(4) ?? '', threshold?.toFixed(4) ?? ''],
      })),
      ...events.map(({ at, sentence }) => ({ at, cells: [sentence, '', '', ''] })),
    ]
      .sort((a, b) => b.at - a.at)
      .map(({ at, cells }) => [shownTime(at), ...cells])
    const heading = ['time', 'claim', 'outcome', 'distance', 'threshold']
    return done(
      { attempts, events },
      rows.length === 0 ? ['Nobody has been verified yet.'] : columns([heading, ...rows]),
    )
  })
}
