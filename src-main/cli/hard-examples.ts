import { done, refusedOutcome, type Outcome } from './outcome.ts'
import { columns, shown, shownTime } from './shown.ts'
import type { Terminal } from './terminal.ts'
import { withGallery, type GalleryOptions } from './with-gallery.ts'

/** Probes that were decided wrongly, kept with consent for the next run. */
export function listHardExamples(options: GalleryOptions, terminal: Terminal): Promise<Outcome> {
  return withGallery(options, terminal, false, async ({ gallery }) => {
    const examples = gallery.hardExamples.all()
    const rows = examples.map(({ id, keptAt, kind, name, distance }) => [
      String(id),
      shownTime(keptAt),
      kind === 'them' ? `was refused, is ${shown(name)}` : `was accepted, is not ${shown(name)}`,
      distance.toFixed(4),
    ])
    return done(
      { examples },
      rows.length === 0
        ? ['None is kept: the window offers it after a decision.']
        : columns([['number', 'kept', 'decision', 'distance'], ...rows]),
    )
  })
}

/** With every byte of it. */
export function dropHardExample(id: number, options: GalleryOptions, terminal: Terminal): Promise<Outcome> {
  return withGallery(options, terminal, false, async ({ gallery }) => {
    const dropped = gallery.hardExamples.drop(id)
    return dropped.kind === 'refused' ? refusedOutcome(dropped) : done(dropped, ['It is removed.'])
  })
}
