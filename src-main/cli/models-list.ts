import type { Gallery } from '../gallery/gallery.ts'
import type { ModelEvent } from '../gallery/versions-in-use.ts'
import { done, refusedOutcome, type Outcome } from './outcome.ts'
import { columns, shownTime } from './shown.ts'
import type { Terminal } from './terminal.ts'
import { withGallery, type GalleryOptions } from './with-gallery.ts'

/** The pre-trained model and all that were made from it, which is in use, and how that came to be. */
export function listModels(options: GalleryOptions, terminal: Terminal): Promise<Outcome> {
  return withGallery(options, terminal, false, async (parts) => {
    const { gallery, model } = parts
    const { inUse, replaced } = gallery.modelInUse()
    const versions = gallery.modelVersions()
    const base =
      inUse === null ? model.version : (versions.find(({ version }) => version === inUse)?.base ?? '')
    const models = [
      { version: base, name: 'pre-trained', inUse: inUse === null },
      ...versions.map((each) => ({ ...each, inUse: each.version === inUse })),
    ]
    const events = gallery.modelEvents()
    return done({ models, inUse, wayBack: replaced, events }, [
      ...columns([
        ['version', 'name', '', 'verdict', 'made', 'seconds', 'people', 'photographs', 'from'],
        [base, 'pre-trained', inUse === null ? 'in use' : '', '', '', '', '', '', ''],
        ...versions.map((each) => [
          each.version,
          each.name,
          each.version === inUse ? 'in use' : '',
          each.verdict === 'promote' ? 'accepted' : 'rejected',
          shownTime(each.madeAt),
          each.seconds.toFixed(0),
          String(each.trainedOn.people.length),
          String(each.trainedOn.photographs),
          each.parent,
        ]),
      ]),
      ...(events.length > 0 ? ['', ...events.map(eventInWords)] : []),
    ])
  })
}

/** Removes one that is neither in use nor the way back. */
export function deleteModel(version: string, options: GalleryOptions, terminal: Terminal): Promise<Outcome> {
  return withGallery(options, terminal, false, async ({ gallery }) => {
    const removed = gallery.removeModelVersion(fullVersion(gallery, version))
    return removed.kind === 'refused'
      ? refusedOutcome(removed)
      : done({ kind: 'removed', version }, [`Model ${version} and what it made of photographs are removed.`])
  })
}

/** A version by its name, its number ("retrained 3", "3") or its own letters. */
export function fullVersion(gallery: Gallery, said: string): string {
  const found = gallery
    .modelVersions()
    .find(({ version, name }) => version === said || name === said || name === `retrained ${said}`)
  return found?.version ?? said
}

function eventInWords(event: ModelEvent): string {
  const at = shownTime(event.at)
  return event.kind === 'promoted'
    ? `${at}  ${event.version} promoted${event.evenThoughRejected ? ' EVEN THOUGH IT WAS REJECTED' : ''}, in place of ${event.replaced ?? 'the pre-trained model'}`
    : `${at}  rolled back from ${event.from} to ${event.to ?? 'the pre-trained model'}`
}
