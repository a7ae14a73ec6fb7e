import type { Refusal, RetrainRun, RunId } from '../contract.ts'
import type { Store } from './store.ts'
import {
  beginRun,
  endLostRuns,
  endRun,
  hasLostRun,
  lastRun,
  putRunProgress,
  runThatMade,
  trainingRun,
} from './training-runs.ts'
import type { IsGone, NewRun, RunEnding, RunProgress } from './training-runs.ts'

/** The training runs of a gallery: one at a time, and how the earlier ones ended. */
export class GalleryRuns {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** One at a time over all processes; `process` is the number of the one that runs it. Refuses with 'running'. */
  begin(process: number, run: NewRun, isGone: IsGone): { kind: 'begun'; run: RunId } | Refusal {
    return this.#store.write(() => beginRun(this.#store, process, run, isGone))
  }

  /** False where the run has ended, whoever ended it: then its process has to end too. */
  putProgress(id: RunId, progress: RunProgress): boolean {
    return this.#store.write(() => putRunProgress(this.#store, id, progress), { quietly: true })
  }

  /** False where it had ended already. */
  end(id: RunId, ending: RunEnding): boolean {
    return this.#store.write(() => endRun(this.#store, id, ending))
  }

  /** The run that is going on, or the last one; one whose process is gone has failed. */
  last(isGone: IsGone): RetrainRun | null {
    if (hasLostRun(this.#store, isGone)) this.#store.write(() => endLostRuns(this.#store, isGone))
    return lastRun(this.#store)
  }

  run(id: RunId): RetrainRun | null {
    return trainingRun(this.#store, id)
  }

  /** Null where it is too long ago, or the model came from elsewhere. */
  thatMade(version: string): RetrainRun | null {
    return runThatMade(this.#store, version)
  }
}
