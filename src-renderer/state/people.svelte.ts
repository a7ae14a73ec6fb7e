import type { PersonId, PersonSummary } from '../../src-main/contract.ts'
import type { Engine } from '../engine.ts'
import { matching } from './matching-people.ts'

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
