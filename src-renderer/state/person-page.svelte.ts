import type { PersonDetails, PersonId, PhotographId } from '../../src-main/contract.ts'
import type { Engine } from '../engine.ts'
import type { Notices } from './notices.svelte.ts'
import type { People } from './people.svelte.ts'
import type { Photographs } from './photographs.svelte.ts'

/** One person looked at closely. */
export class PersonPage {
  readonly #engine: Engine
  readonly #people: People
  readonly #photographs: Photographs
  readonly #notices: Notices
  person = $state<PersonId | null>(null)
  details = $state.raw<PersonDetails | null>(null)
  /** Why there is nobody to show. */
  missing = $state<string | null>(null)

  constructor(engine: Engine, people: People, photographs: Photographs, notices: Notices) {
    this.#engine = engine
    this.#people = people
    this.#photographs = photographs
    this.#notices = notices
  }

  async show(person: PersonId) {
    if (person !== this.person) {
      this.person = person
      this.details = null
      this.missing = null
    }
    await this.refresh()
  }

  async refresh() {
    const person = this.person
    if (person === null) return
    const gives = await this.#notices.trying('This person could not be shown.', () =>
      this.#engine.call('person', { person }),
    )
    if (!gives || person !== this.person) return
    if ('kind' in gives) {
      this.details = null
      this.missing = gives.message
    } else {
      this.details = gives
      this.missing = null
    }
  }

  /** Null when done; else why not. */
  async rename(name: string): Promise<string | null> {
    const person = this.person
    if (person === null) return null
    const gives = await this.#notices.trying('The name was not changed.', () =>
      this.#engine.call('person.rename', { person, name }),
    )
    if (gives?.kind === 'refused') return gives.message
    await Promise.allSettled([this.refresh(), this.#people.refresh()])
    return null
  }

  async drop(photograph: PhotographId) {
    const gives = await this.#notices.trying('The photograph was not deleted.', () =>
      this.#engine.call('photograph.drop', { photograph }),
    )
    if (gives?.kind === 'refused') this.#notices.problem(gives.message)
    await Promise.allSettled([this.refresh(), this.#people.refresh()])
  }

  /** Null when forgotten; else why not. */
  async forget(typedName: string): Promise<string | null> {
    const person = this.person
    if (person === null) return null
    const gives = await this.#notices.trying('Nothing was forgotten.', () =>
      this.#engine.call('person.forget', { person, name: typedName }),
    )
    if (!gives) return 'Nothing was forgotten: try again.'
    if (gives.kind === 'refused') return gives.message
    this.person = null
    this.details = null
    this.#photographs.forget()
    await Promise.allSettled([this.#people.refresh()])
    this.#notices.done(
      'Forgotten: every photograph, feature and template is gone, in the activity a number stands for the name.',
    )
    return null
  }
}
