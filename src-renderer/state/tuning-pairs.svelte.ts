import type {
  CohortPhotographId,
  ComparedPair,
  PersonId,
  PhotographId,
  TuningSubject,
} from '../../src-main/contract.ts'
import type { Engine } from '../engine.ts'
import { failureWords, type Notices } from './notices.svelte.ts'
import type { Photographs } from './photographs.svelte.ts'

export type Tail = 'alike-strangers' | 'unlike-photographs'

const firstPairs = 24

/** The pairs behind one end of the histogram, worst first, and what can be done about them. */
export class TuningPairs {
  readonly #engine: Engine
  readonly #photographs: Photographs
  readonly #notices: Notices
  readonly #remeasure: () => void
  /** null until somebody looked. */
  tail = $state<Tail | null>(null)
  person = $state<PersonId | null>(null)
  list = $state.raw<ComparedPair[] | null>(null)
  /** Why there is no list. */
  refusal = $state<string | null>(null)
  more = $state(false)
  #subject: TuningSubject | null = null
  #limit = firstPairs
  #asked = 0

  /** @param remeasure a mark has changed what a measurement counts */
  constructor(engine: Engine, photographs: Photographs, notices: Notices, remeasure: () => void) {
    this.#remeasure = remeasure
    this.#engine = engine
    this.#photographs = photographs
    this.#notices = notices
  }

  async show(subject: TuningSubject, tail: Tail, person: PersonId | null = null) {
    const same = tail === this.tail && person === this.person
    if (!same) {
      this.list = null
      this.#limit = firstPairs
    }
    this.tail = tail
    this.person = person
    this.#subject = subject
    await this.#read()
  }

  async showMore() {
    this.#limit = Math.min(500, this.#limit * 2)
    await this.#read()
  }

  async #read() {
    const [subject, tail, limit] = [this.#subject, this.tail, this.#limit]
    if (!subject || !tail) return
    const asked = ++this.#asked
    try {
      const gives = await this.#engine.call('tune.pairs', {
        ...subject,
        tail,
        limit,
        ...(this.person === null ? {} : { person: this.person }),
      })
      if (asked !== this.#asked) return
      this.refusal = gives.kind === 'refused' ? gives.message : null
      this.list = gives.kind === 'refused' ? null : gives.pairs
      this.more = gives.kind === 'pairs' && gives.pairs.length === limit && limit < 500
    } catch (error) {
      if (asked === this.#asked) this.refusal = `The pairs could not be read. ${failureWords(error)}`
    }
  }

  /** Null when dropped; else why not. */
  async drop(photograph: PhotographId): Promise<string | null> {
    const gives = await this.#notices.trying('The photograph was not deleted.', () =>
      this.#engine.call('photograph.drop', { photograph }),
    )
    if (!gives) return 'The photograph was not deleted: try again.'
    if (gives.kind === 'refused') return gives.message
    this.#without(
      ({ probe, reference }) => probe.photograph === photograph || reference.photograph === photograph,
    )
    this.#photographs.forget()
    return null
  }

  /** For a stranger who turns out to be enrolled. Null when dropped; else why not. */
  async dropStranger(photograph: CohortPhotographId): Promise<string | null> {
    const gives = await this.#notices.trying('The stranger’s photograph was not deleted.', () =>
      this.#engine.call('cohort.drop', { photograph }),
    )
    if (!gives) return 'The photograph was not deleted: try again.'
    if (gives.kind === 'refused') return gives.message
    this.#without(
      ({ probe, reference }) => probe.stranger === photograph || reference.stranger === photograph,
    )
    return null
  }

  /** The user has looked: these do not show one person. */
  async mark(pair: ComparedPair, notSame: boolean) {
    const [a, b] = [pair.probe.photograph, pair.reference.photograph]
    if (a === null || b === null) return
    const gives = await this.#notices.trying('The mark was not set.', () =>
      this.#engine.call('tune.not-same', { a, b, notSame }),
    )
    if (!gives) return
    if (gives.kind === 'refused') return this.#notices.problem(gives.message)
    if (this.tail === 'unlike-photographs') this.#remeasure()
    this.list = this.list?.map((one) => (one === pair ? { ...one, notSame } : one)) ?? null
  }

  forget() {
    this.tail = null
    this.person = null
    this.list = null
    this.refusal = null
  }

  async crop(photograph: CohortPhotographId): Promise<Uint8Array | null> {
    const gives = await this.#engine.call('cohort.photograph', { photograph })
    return gives.kind === 'jpeg' ? gives.jpeg : null
  }

  #without(gone: (pair: ComparedPair) => boolean) {
    this.list = this.list?.filter((pair) => !gone(pair)) ?? null
  }
}
