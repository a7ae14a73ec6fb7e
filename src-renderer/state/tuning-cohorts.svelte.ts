import type { Cohort, CohortId } from '../../src-main/contract.ts'
import type { Engine } from '../engine.ts'
import { countWords } from '../wording.ts'
import { FileIntake } from './file-intake.svelte.ts'
import type { Notices } from './notices.svelte.ts'
import { numberedPeople } from './stranger-folders.ts'

/** People imported to stand for strangers. */
export class TuningCohorts {
  readonly #engine: Engine
  readonly #notices: Notices
  list = $state.raw<Cohort[]>([])
  readonly files = new FileIntake()

  constructor(engine: Engine, notices: Notices) {
    this.#engine = engine
    this.#notices = notices
  }

  async refresh() {
    this.list = await this.#engine.call('cohort.list', {})
  }

  /** Every folder is a person; loose photographs are one person each. Null when begun; else why not. */
  async import(name: string, files: File[]): Promise<string | null> {
    const gives = await this.#notices.trying('Nothing was imported.', () =>
      this.#engine.call('cohort.begin', { name }),
    )
    if (!gives) return 'Nothing was imported: try again.'
    if (gives.kind === 'refused') return gives.message
    const { cohort } = gives
    const strangerOf = numberedPeople(files)
    this.files.clear()
    await this.files.run(files, async (fileName, bytes) => {
      const stranger = strangerOf(fileName)
      const kept = await this.#engine.call('cohort.file', { cohort, stranger, fileName, bytes })
      return kept.kind === 'refused' ? kept : { kind: 'kept', kept }
    })
    await Promise.allSettled([this.refresh()])
    if (this.files.done > 0 && this.files.done === this.files.refused) {
      await this.remove(cohort)
      return 'No photograph could be used, so nobody was imported.'
    }
    const made = this.list.find((one) => one.cohort === cohort)
    if (made)
      this.#notices.done(
        `${countWords(made.people, 'stranger', 'strangers')} imported with ${countWords(made.photographs, 'photograph', 'photographs')}.`,
      )
    return null
  }

  /** Null when removed; else why not. */
  async remove(cohort: CohortId): Promise<string | null> {
    const gives = await this.#notices.trying('The strangers were not removed.', () =>
      this.#engine.call('cohort.remove', { cohort }),
    )
    if (!gives) return 'Nothing was removed: try again.'
    if (gives.kind === 'refused') return gives.message
    await Promise.allSettled([this.refresh()])
    return null
  }

  async allowTraining(cohort: CohortId, mayTrain: boolean) {
    const gives = await this.#notices.trying('That was not saved.', () =>
      this.#engine.call('cohort.allow-training', { cohort, mayTrain }),
    )
    if (gives?.kind === 'refused') this.#notices.problem(gives.message)
    await Promise.allSettled([this.refresh()])
  }
}
