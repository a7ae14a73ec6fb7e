import { rollBackModel } from '../engine/model-change.ts'
import { lostInWords } from '../engine/retraining/model-events.ts'
import { done, refusedOutcome, type Outcome } from './outcome.ts'
import type { Terminal } from './terminal.ts'
import { withGallery, type GalleryOptions } from './with-gallery.ts'

/** Back to the model before the last promotion: every decision is again what it was; whom it cannot compare is said. */
export function rollback(options: GalleryOptions, terminal: Terminal): Promise<Outcome> {
  return withGallery(options, terminal, false, async (parts) => {
    const back = await rollBackModel(parts)
    return back.kind === 'refused'
      ? refusedOutcome(back)
      : done(back, [
          `${back.to === null ? 'The pre-trained model' : `Model ${back.to}`} is in use again, with the thresholds that were chosen for it.`,
          ...lostInWords(back.lost),
        ])
  })
}
