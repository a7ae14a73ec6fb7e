import type { Refusal, RetrainRun, RetrainWish, RunId } from '../../contract.ts'
import type { Shared } from '../../engine.ts'
import type { Parts } from '../parts.ts'
import { refused } from '../refusal.ts'
import { processorFor, triedProcessors } from './processors.ts'
import { runnerGone } from './runner-gone.ts'
import { begin, type StartTrainer, type TrainerProcess } from './trainer.ts'

/** The run of this gallery, whoever began it: what stands in the gallery is what everybody sees. */
export class Runs {
  readonly #parts: Pick<Parts, 'gallery' | 'home' | 'now'>
  readonly #start: StartTrainer
  /** Of runs that were begun here: a kill ends them at once. */
  readonly #trainers = new Map<RunId, TrainerProcess>()
  #told = ''

  constructor(parts: Pick<Parts, 'gallery' | 'home' | 'now'>, start: StartTrainer) {
    this.#parts = parts
    this.#start = start
  }

  /** Refuses as the run's process does: with 'running', 'too-little' and what keeps a gallery closed. */
  async begin(
    wish: RetrainWish,
    startedFrom: RetrainRun['startedFrom'],
  ): Promise<{ kind: 'begun'; run: RunId } | Refusal> {
    const { gallery, home } = this.#parts
    if (this.now()?.state === 'running')
      return refused('running', 'A run is going on already, here or on the command line.')
    const processor = processorFor(wish, await triedProcessors(home))
    const begun = await begin(this.#start, { home, key: gallery.handedKey(), wish, startedFrom, processor })
    if (begun.kind === 'refused') return begun
    const { run, trainer } = begun
    this.#trainers.set(run, trainer)
    void trainer.ended.then(() => this.#trainers.delete(run))
    return { kind: 'begun', run }
  }

  /** Wherever it was begun: its process hears of it within a second, and leaves nothing. */
  cancel(run: RunId): { kind: 'cancelled' } | Refusal {
    if (!this.#parts.gallery.runs.end(run, { state: 'cancelled' }))
      return refused('no-such-run', 'This run is not going on (any more).')
    this.#trainers.get(run)?.kill()
    return { kind: 'cancelled' }
  }

  /** The run that is going on, or the last one. */
  now(): RetrainRun | null {
    return this.#parts.gallery.runs.last(runnerGone(this.#parts.now))
  }

  /** Resolves when the process of a run that was begun here has ended. */
  async ended(run: RunId): Promise<void> {
    await this.#trainers.get(run)?.ended
  }

  /** Tells of the run where it has changed since it was last told of. */
  tellChanges(tell: Shared['tell'], changed: () => void): void {
    const run = this.now()
    if (!run) return
    const words = JSON.stringify(run)
    if (words === this.#told) return
    const isFirst = this.#told === ''
    this.#told = words
    if (isFirst && run.state !== 'running') return // it ended before anybody looked
    tell('retrain-changed', run)
    if (run.state !== 'running') changed() // there may be a candidate more
  }

  /** Runs that were begun here end with the application. */
  close(): void {
    for (const [run, trainer] of this.#trainers) {
      this.#parts.gallery.runs.end(run, {
        state: 'failed',
        message: 'Semblance was closed while the run went on.',
      })
      trainer.kill()
    }
  }
}
