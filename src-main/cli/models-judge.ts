import { judgeAgain } from '../engine/retraining/judge-again.ts'
import { candidateReport } from '../engine/retraining/model-list.ts'
import { ensureModels } from './models.ts'
import { fullVersion } from './models-list.ts'
import { reportLines } from './models-show.ts'
import { done, refusedOutcome, type Outcome } from './outcome.ts'
import type { Terminal } from './terminal.ts'
import { withGallery, type GalleryOptions } from './with-gallery.ts'

/** The gate once more for a candidate that is kept, on the gallery as it is now; nothing is trained. */
export function judgeModel(said: string, options: GalleryOptions, terminal: Terminal): Promise<Outcome> {
  return withGallery(options, terminal, false, async (parts) => {
    await ensureModels(terminal) // a network may have to look at crops
    const version = fullVersion(parts, said)
    const job = { signal: new AbortController().signal, progress: () => {} }
    const judged = await judgeAgain(parts, version, job)
    if (judged.kind === 'refused') return refusedOutcome(judged)
    const report = candidateReport(parts, version)
    if (report.kind === 'refused') return refusedOutcome(report)
    return done({ ...judged, report }, [
      ...reportLines(report),
      judged.verdict === 'promote'
        ? `"semblance promote ${version}" puts it in use.`
        : 'It is kept to be looked at and is not used.',
    ])
  })
}
