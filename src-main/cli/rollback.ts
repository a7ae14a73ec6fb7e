import { embedFrom, readPretrainedHead } from '../engine/model-in-use.ts'
import { readModelCard } from '../engine/open-parts.ts'
import { done, refusedOutcome, type Outcome } from './outcome.ts'
import type { Terminal } from './terminal.ts'
import { withGallery, type GalleryOptions } from './with-gallery.ts'

/** Back to the model before the last promotion: every decision is again what it was. */
export function rollback(options: GalleryOptions, terminal: Terminal): Promise<Outcome> {
  return withGallery(options, terminal, false, async ({ gallery }) => {
    const { inUse } = gallery.modelInUse()
    const base = inUse === null ? undefined : gallery.modelVersion(inUse)?.base
    const embed = embedFrom(gallery, base ?? (await readModelCard()).version, await readPretrainedHead())
    const back = gallery.rollBack(embed)
    return back.kind === 'refused'
      ? refusedOutcome(back)
      : done(back, [
          `${back.to === null ? 'The pre-trained model' : `Model ${back.to}`} is in use again, with the thresholds that were chosen for it.`,
          'A window that is open goes on with the other model until it is opened anew.',
        ])
  })
}
