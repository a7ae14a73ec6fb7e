import type { Refusal, RetrainRun, RetrainWish, RunId } from '../../contract.ts'
import type { KeySource } from '../../gallery/key-keeper.ts'

/** What a run's process is told, once, over its port: the key stands in no argument and no environment. */
export interface RunOrder {
  home: string
  key: Extract<KeySource, { kind: 'master' }>
  wish: RetrainWish
  startedFrom: RetrainRun['startedFrom']
  /** What was found about the processors of this machine; the CPU trains where that is nothing. */
  processor: { name: Exclude<RetrainWish['processor'], 'fastest'>; why: string }
}

/** What it tells, once: whether the run has begun. All else stands in the gallery, where every process sees it. */
export type RunMessage = { kind: 'begun'; run: RunId } | { kind: 'refused'; refusal: Refusal }
