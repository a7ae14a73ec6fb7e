import { promoteModel } from '../engine/model-change.ts'
import type { CandidateReport } from '../training/gallery-run/retrain-gallery.ts'
import { fullVersion } from './models-list.ts'
import { done, refusedOutcome, type Outcome } from './outcome.ts'
import { count } from './shown.ts'
import type { Terminal } from './terminal.ts'
import { withGallery, type GalleryOptions } from './with-gallery.ts'

export interface PromoteOptions extends GalleryOptions {
  /** For experts: recorded in the log. */
  evenIfRejected?: boolean
  /** The same where its report compares it with another model than the one in use. */
  evenIfJudgedAgainstAnother?: boolean
}

/** Puts a candidate in use, in one transaction; a rejected one, or one that was judged against another model, only where that is said. */
export function promote(said: string, options: PromoteOptions, terminal: Terminal): Promise<Outcome> {
  return withGallery(options, terminal, false, async (parts) => {
    const { gallery } = parts
    const version = fullVersion(parts, said)
    const candidate = gallery.models.version(version)
    const chosen = gallery.choices.all().length
    const promoted = await promoteModel(parts, version, {
      evenIfRejected: options.evenIfRejected === true,
      evenIfJudgedAgainstAnother: options.evenIfJudgedAgainstAnother === true,
    })
    if (promoted.kind === 'refused')
      return refusedOutcome(
        promoted.reason === 'rejected'
          ? { ...promoted, message: `${promoted.message} ${(candidate!.report as CandidateReport).sentence}` }
          : promoted,
      )
    return done(promoted, [
      `Model ${version} is in use: ${count(promoted.photographs, 'photograph')} embedded anew. "semblance rollback" is the way back.`,
      ...(promoted.evenThoughRejected
        ? ['It was rejected by its report; the log says that it is used all the same.']
        : []),
      ...(promoted.evenThoughJudgedAgainst
        ? [
            `Its report compares it with ${promoted.evenThoughJudgedAgainst}, not with the model it replaced; the log says that it is used all the same.`,
          ]
        : []),
      ...(promoted.without > 0
        ? [
            `${count(promoted.without, 'photograph')} ${promoted.without === 1 ? 'is' : 'are'} left out of templates: no crop was kept that this model could look at.`,
          ]
        : []),
      ...(chosen > 0
        ? [
            'The thresholds that were chosen belong to the old model: with this one they hold only as far as they are stricter, carried over. Tune again.',
          ]
        : []),
    ])
  })
}
