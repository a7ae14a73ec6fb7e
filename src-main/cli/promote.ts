import { embedFrom, readPretrainedHead } from '../engine/model-in-use.ts'
import type { CandidateReport } from '../training/gallery-run/retrain-gallery.ts'
import { fullVersion } from './models-list.ts'
import { done, refusedOutcome, type Outcome } from './outcome.ts'
import { count } from './shown.ts'
import type { Terminal } from './terminal.ts'
import { withGallery, type GalleryOptions } from './with-gallery.ts'

export interface PromoteOptions extends GalleryOptions {
  /** For experts: recorded in the log. */
  evenIfRejected?: boolean
}

/** Puts a candidate in use, in one transaction; a rejected one only where that is said. */
export function promote(said: string, options: PromoteOptions, terminal: Terminal): Promise<Outcome> {
  return withGallery(options, terminal, false, async ({ gallery }) => {
    const version = fullVersion(gallery, said)
    const candidate = gallery.modelVersion(version)
    const embed = embedFrom(gallery, candidate?.base ?? '', await readPretrainedHead())
    const chosen = gallery.choices().length
    const promoted = gallery.promote(version, embed, { evenIfRejected: options.evenIfRejected === true })
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
      ...(promoted.without > 0
        ? [
            `${count(promoted.without, 'photograph')} will be read from their crops when they are next needed.`,
          ]
        : []),
      ...(chosen > 0
        ? [
            'The thresholds that were chosen belong to the old model and are not used by this one: tune again.',
          ]
        : []),
      'A window that is open goes on with the old model until it is opened anew.',
    ])
  })
}
