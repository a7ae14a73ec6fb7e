import { refused } from '../engine/refusal.ts'
import { comparableName } from '../gallery/person-name.ts'
import { done, refusedOutcome, type Outcome } from './outcome.ts'
import { shown } from './shown.ts'
import type { Terminal } from './terminal.ts'
import { withGallery, type GalleryOptions } from './with-gallery.ts'

/** Removes a person and every byte of theirs, after the name was typed again. */
export function forget(
  name: string,
  options: GalleryOptions & { yes?: boolean },
  terminal: Terminal,
): Promise<Outcome> {
  return withGallery(options, terminal, false, async ({ gallery }) => {
    const person = gallery.personByName(name)
    if (!person) return refusedOutcome(notEnrolled(name))
    if (!options.yes) {
      const typed = await terminal.ask(
        `This removes ${shown(person.name)} and ${person.photographs} photographs for ever. Type the name to go on: `,
      )
      if (typed === null)
        return refusedOutcome(refused('not-confirmed', 'Nobody can be asked here: confirm with --yes.'))
      if (comparableName(typed) !== comparableName(person.name))
        return refusedOutcome(
          refused('not-confirmed', 'The name typed is another one. Nobody was forgotten.'),
        )
    }
    const outcome = gallery.forget(person.person)
    if (outcome.kind === 'refused') return refusedOutcome(outcome)
    const later = outcome.erased
      ? []
      : ['Another program reads the gallery: the last sealed bytes go when it lets go.']
    return done({ kind: 'forgotten', name: person.name, erased: outcome.erased }, [
      `${shown(person.name)} is forgotten.`,
      ...later,
    ])
  })
}

/** The refusal of a name nobody has. */
export function notEnrolled(name: string) {
  return refused('not-enrolled', `${shown(name)} is not enrolled. "semblance people" lists who is.`)
}
