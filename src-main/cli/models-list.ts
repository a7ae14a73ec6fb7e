import { modelEvents } from '../engine/retraining/model-events.ts'
import { modelList, modelSummary, pretrainedVersion } from '../engine/retraining/model-list.ts'
import type { Parts } from '../engine/parts.ts'
import { refused } from '../engine/refusal.ts'
import { done, refusedOutcome, type Outcome } from './outcome.ts'
import { columns, shownTime } from './shown.ts'
import type { Terminal } from './terminal.ts'
import { withGallery, type GalleryOptions } from './with-gallery.ts'

/** The pre-trained model and all that were made from it, which is in use, and how that came to be. */
export function listModels(options: GalleryOptions, terminal: Terminal): Promise<Outcome> {
  return withGallery(options, terminal, false, async (parts) => {
    const models = modelList(parts)
    const events = modelEvents(parts)
    const { inUse, replaced } = parts.gallery.models.inUse()
    return done({ models, inUse, wayBack: replaced, events }, [
      ...columns([
        ['version', 'name', '', 'verdict', 'depth', 'made', 'seconds', 'people', 'photographs', 'from'],
        ...models.map(({ version, name, inUse, wayBack, retrained }) => [
          version,
          name,
          inUse ? 'in use' : wayBack ? 'way back' : '',
          ...(retrained
            ? [
                retrained.verdict === 'promote' ? 'accepted' : 'rejected',
                retrained.depth,
                shownTime(retrained.madeAt),
                retrained.seconds.toFixed(0),
                String(retrained.people),
                String(retrained.photographs),
                retrained.parent,
              ]
            : ['', '', '', '', '', '', '']),
        ]),
      ]),
      ...(events.length > 0
        ? ['', ...events.map(({ at, sentence }) => `${shownTime(at)}  ${sentence}`)]
        : []),
    ])
  })
}

/** Removes one that is neither in use nor the way back. */
export function deleteModel(said: string, options: GalleryOptions, terminal: Terminal): Promise<Outcome> {
  return withGallery(options, terminal, false, async (parts) => {
    const version = fullVersion(parts, said)
    if (version === pretrainedVersion(parts))
      return refusedOutcome(
        refused('pre-trained', 'The pre-trained model stays: everything else is made from it.'),
      )
    const removed = parts.gallery.models.remove(version)
    return removed.kind === 'refused'
      ? refusedOutcome(removed)
      : done({ kind: 'removed', version }, [`Model ${version} and what it made of photographs are removed.`])
  })
}

/** A version by its name, its number ("retrained 3", "3") or its own letters; what is none of them stays as it was said. */
export function fullVersion(parts: Pick<Parts, 'gallery' | 'model' | 'pretrained'>, said: string): string {
  const list = modelList(parts)
  const named = list.find(({ name }) => name === said || name === `retrained ${said}`)
  return (named ?? modelSummary(parts, said))?.version ?? said
}
