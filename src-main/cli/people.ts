import { summaries } from '../engine/people.ts'
import { done, type Outcome } from './outcome.ts'
import { columns, shown, shownTime } from './shown.ts'
import type { Terminal } from './terminal.ts'
import { withGallery, type GalleryOptions } from './with-gallery.ts'

/** Everybody enrolled. */
export function people(options: GalleryOptions, terminal: Terminal): Promise<Outcome> {
  return withGallery(options, terminal, false, async (parts) => {
    const everybody = summaries(parts)
    const rows = everybody.map((person) => [
      String(person.person),
      shown(person.name),
      String(person.photographs),
      shownTime(person.enrolledAt),
      shownTime(person.lastVerifiedAt),
      person.confusableWith ? `near ${shown(person.confusableWith.name)}` : '',
    ])
    const heading = ['number', 'name', 'photographs', 'enrolled', 'last verified', '']
    return done(
      { people: everybody },
      rows.length === 0
        ? ['Nobody is enrolled yet: semblance enrol <name> <photo>…']
        : columns([heading, ...rows]),
    )
  })
}
