import type { ComparisonForm, PersonalProposal, Strangers } from '../../src-main/contract.ts'
import type { Engine } from '../engine.ts'
import type { Notices } from './notices.svelte.ts'

interface Subject {
  form: ComparisonForm
  strangers: Strangers
  burst: number
}

/** What threshold would suit each person, and who has one of their own. */
export class TuningPersonal {
  readonly #engine: Engine
  readonly #notices: Notices
  /** Everybody's, that the proposals are moved from; null until they are there. */
  from = $state<number | null>(null)
  proposals = $state.raw<PersonalProposal[]>([])
  /** Whose is being taken or given back. */
  busy = $state<number | null>(null)
  #asked = 0

  constructor(engine: Engine, notices: Notices) {
    this.#engine = engine
    this.#notices = notices
  }

  async refresh(subject: Subject) {
    const asked = ++this.#asked
    const gives = await this.#notices.trying('Nobody’s own threshold was computed.', () =>
      this.#engine.call('tune.personal', subject),
    )
    if (asked !== this.#asked) return
    this.from = gives?.kind === 'personal' ? gives.from : null
    this.proposals = gives?.kind === 'personal' ? gives.people : []
  }

  forget() {
    this.#asked++
    this.from = null
    this.proposals = []
  }

  async take(subject: Subject, person: number, name: string) {
    await this.#changing(person, subject, 'The threshold was not taken.', async () => {
      const gives = await this.#engine.call('tune.choose-personal', { ...subject, person })
      if (gives.kind === 'refused') this.#notices.problem(gives.message)
      else this.#notices.done(`${name} has a stricter threshold from now on, wherever they are verified.`)
    })
  }

  async giveBack(subject: Subject, person: number, name: string) {
    await this.#changing(person, subject, 'The threshold was not taken back.', async () => {
      const gives = await this.#engine.call('tune.forget-personal', { person, form: subject.form })
      if (gives.kind === 'refused') this.#notices.problem(gives.message)
      else this.#notices.done(`${name} is judged by everybody’s threshold again.`)
    })
  }

  async #changing(person: number, subject: Subject, whatFailed: string, change: () => Promise<void>) {
    this.busy = person
    await this.#notices.trying(whatFailed, change)
    await this.refresh(subject)
    this.busy = null
  }
}
