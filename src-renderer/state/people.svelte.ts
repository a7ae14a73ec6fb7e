import type { PersonId, PersonSummary } from '../../src-main/contract.ts'
import type { Engine } from '../engine.ts'

/** Everyone who is enrolled. */
export class People {
  readonly #engine: Engine
  /** null until the engine has answered once. */
  list = $state.raw<PersonSummary[] | null>(null)
  search = $state('')

  readonly found = $derived(matching(this.list ?? [], this.search))

  constructor(engine: Engine) {
    this.#engine = engine
  }

  async refresh() {
    this.list = await this.#engine.call('people', {})
  }

  one(person: PersonId): PersonSummary | null {
    return this.list?.find((summary) => summary.person === person) ?? null
  }
}

/** People whose name holds every word of the search, whatever its accents and case. */
export function matching(people: PersonSummary[], search: string): PersonSummary[] {
  const words = plain(search).split(/\s+/).filter(Boolean)
  return people.filter((person) => words.every((word) => plain(person.name).includes(word)))
}

const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLocaleLowerCase()
