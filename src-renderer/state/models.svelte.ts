import type { ModelSummary } from '../../src-main/contract.ts'
import type { Engine } from '../engine.ts'
import { offerFile } from '../offer-file.ts'
import { countWords, largestFileBytes } from '../wording.ts'
import { failureWords, type Notices } from './notices.svelte.ts'
import type { StatusState } from './status.svelte.ts'
import type { JobProgress } from './tuning.svelte.ts'

/** The versions of the embedder: which there are, which is in use, and how they come and go. */
export class Models {
  readonly #engine: Engine
  readonly #notices: Notices
  readonly #status: StatusState

  /** Newest first; null until the engine has answered once. */
  list = $state.raw<ModelSummary[] | null>(null)
  readonly inUse = $derived(this.list?.find((model) => model.inUse) ?? null)
  readonly wayBack = $derived(this.list?.find((model) => model.wayBack) ?? null)
  /** What is being done to a version, and how far it is. */
  busy = $state<'promoting' | 'rolling-back' | 'importing' | 'exporting' | 'judging' | null>(null)
  /** The version that it is done to; null while one comes in or the last is gone back to. */
  #busyWith = $state<string | null>(null)
  progress = $state.raw<JobProgress | null>(null)
  importProblem = $state<string | null>(null)
  #job = ''

  constructor(engine: Engine, status: StatusState, notices: Notices) {
    this.#engine = engine
    this.#status = status
    this.#notices = notices
    engine.on('progress', ({ job, done, total, remainingMs, what }) => {
      if (job === this.#job) this.progress = { what, done, total, remainingMs }
    })
    // Promoted, rolled back or forgotten in another window or on the command line.
    const again = () => {
      if (this.list) this.refresh().catch(() => {}) // asked again when the view is next entered
    }
    engine.on('status-changed', again)
    engine.on('gallery-changed', again)
  }

  async refresh() {
    const list = await this.#engine.call('models.list', {})
    this.list = [...list].sort((a, b) => (b.retrained?.madeAt ?? 0) - (a.retrained?.madeAt ?? 0))
  }

  one(version: string | null | undefined): ModelSummary | null {
    return this.list?.find((model) => model.version === version) ?? null
  }

  nameOf(version: string): string {
    return this.one(version)?.name ?? version
  }

  isPromoting({ version }: ModelSummary): boolean {
    return this.busy === 'promoting' && this.#busyWith === version
  }

  isJudging({ version }: ModelSummary): boolean {
    return this.busy === 'judging' && this.#busyWith === version
  }

  /** Passed the gate against the model that is in use, and is not in use itself. */
  canPromote({ inUse, retrained, notPromotable }: ModelSummary): boolean {
    return !inUse && retrained?.verdict === 'promote' && notPromotable === null
  }

  /** Why one that passed the gate cannot be promoted all the same; null where it can, or did not pass. */
  whyNot({ inUse, wayBack, retrained, notPromotable }: ModelSummary): string | null {
    return !inUse && !wayBack && retrained?.verdict === 'promote' ? notPromotable : null
  }

  /** A candidate: what came into force once stays as it was judged then. */
  canJudgeAgain({ inUse, wayBack, retrained }: ModelSummary): boolean {
    return !inUse && !wayBack && retrained !== null
  }

  canDelete({ inUse, wayBack, retrained }: ModelSummary): boolean {
    return !inUse && !wayBack && retrained !== null
  }

  async promote(version: string) {
    const gives = await this.#following(
      'promoting',
      'It was not put into use.',
      (job) => this.#engine.call('models.promote', { version, job }),
      version,
    )
    if (!gives) return
    if (gives.kind === 'refused') return this.#notices.problem(gives.message)
    await this.#changed()
    const later =
      gives.without > 0
        ? ` ${countWords(gives.without, 'photograph is', 'photographs are')} read anew from their crops when they are next needed.`
        : ''
    this.#notices.done(
      `${this.nameOf(version)} is in use: ${countWords(gives.photographs, 'photograph', 'photographs')} embedded anew.${later} Tune the threshold for it; rolling back is one click.`,
    )
  }

  /** The gate once more, against the model in use, on the gallery as it is now. */
  async judgeAgain(version: string) {
    const gives = await this.#following(
      'judging',
      'It was not judged again.',
      (job) => this.#engine.call('models.judge-again', { version, job }),
      version,
    )
    if (!gives) return
    if (gives.kind === 'refused') return this.#notices.problem(gives.message)
    await this.refresh().catch(() => {}) // it is judged whether or not the list could be read again
    const outcome = gives.verdict === 'promote' ? 'it may be promoted' : 'it is rejected'
    this.#notices.done(`${this.nameOf(version)} was judged again: ${outcome}.`)
  }

  async rollBack() {
    const gives = await this.#following('rolling-back', 'It was not rolled back.', () =>
      this.#engine.call('models.roll-back', {}),
    )
    if (!gives) return
    if (gives.kind === 'refused') return this.#notices.problem(gives.message)
    await this.#changed()
    const lost =
      gives.lost > 0
        ? ` ${countWords(gives.lost, 'person', 'people')} enrolled meanwhile cannot be verified by it, as no crop was kept that it could look at: enrol them again.`
        : ''
    this.#notices.done(
      `${this.nameOf(gives.to)} is in use again: every decision is as it was before ${this.nameOf(gives.from)}.${lost}`,
    )
  }

  /** Null when deleted; else why not. */
  async remove(version: string): Promise<string | null> {
    const name = this.nameOf(version)
    try {
      const gives = await this.#engine.call('models.delete', { version })
      if (gives.kind === 'refused') return gives.message
    } catch (error) {
      return `${name} was not deleted. ${failureWords(error)}`
    }
    await this.refresh().catch(() => {}) // it is deleted whether or not the list could be read again
    this.#notices.done(`${name} is deleted.`)
    return null
  }

  /** Null when it was handed over; else why not. */
  async export(version: string): Promise<string | null> {
    this.busy = 'exporting'
    try {
      const gives = await this.#engine.call('models.export', { version })
      if (gives.kind === 'refused') return gives.message
      offerFile(gives.fileName, gives.bytes, 'application/octet-stream')
      return null
    } catch (error) {
      return `${this.nameOf(version)} was not exported. ${failureWords(error)}`
    } finally {
      this.busy = null
    }
  }

  async import(file: File) {
    this.importProblem = null
    if (file.size > largestFileBytes) {
      this.importProblem = 'The file is larger than the 256 MiB that this page can take in.'
      return
    }
    const gives = await this.#following('importing', 'The model was not imported.', async (job) =>
      this.#engine.call('models.import', { bytes: new Uint8Array(await file.arrayBuffer()), job }),
    )
    if (!gives) return
    if (gives.kind === 'refused') {
      this.importProblem = gives.message
      return
    }
    await this.refresh().catch(() => {}) // it is there whether or not the list could be read again
    const { retrained, name } = this.one(gives.version) ?? {}
    this.#notices.done(`${name ?? 'The model'} has come in as a candidate. ${retrained?.sentence ?? ''}`)
  }

  async cancel() {
    const job = this.#job
    await this.#notices.trying('It could not be cancelled.', () => this.#engine.call('job.cancel', { job }))
  }

  async #following<T>(
    busy: 'promoting' | 'rolling-back' | 'importing' | 'judging',
    whatFailed: string,
    call: (job: string) => Promise<T>,
    version: string | null = null,
  ): Promise<T | null> {
    if (this.busy) return null
    const job = crypto.randomUUID()
    this.#job = job
    this.busy = busy
    this.#busyWith = version
    const gives = await this.#notices.trying(whatFailed, () => call(job))
    this.busy = null
    this.progress = null
    return gives
  }

  async #changed() {
    await Promise.allSettled([this.refresh(), this.#status.refresh()])
  }
}
