import type { RetrainRun, RetrainWish, RunId } from '../../contract.ts'
import type { GalleryRuns } from '../../gallery/gallery-runs.ts'
import type { NewRun, RunProgress } from '../../gallery/training-runs.ts'
import type { GalleryRunEvent } from '../../training/gallery-run/run-event.ts'
import { RunCurve } from './run-curve.ts'
import type { RunOrder } from './run-order.ts'

const everyMs = 1000 // between two writings: whoever looks sees it move, and the disk hardly notices

/** Writes into the gallery how far a run is, about once a second. */
export class RunProgressWriter {
  readonly #runs: Pick<GalleryRuns, 'putProgress'>
  readonly #wish: RetrainWish
  readonly #now: () => number
  readonly #curve = new RunCurve()
  #why = ''
  #writtenAt = -Infinity
  #pending: RunProgress = {}
  /** Which training it is, steps of those before it, and its own. */
  #training = { run: 0, before: 0, done: 0 }

  readonly #ended: () => void

  /** @param ended is told when the run was ended by another: its process has to go */
  constructor(
    runs: Pick<GalleryRuns, 'putProgress'>,
    wish: RetrainWish,
    now: () => number,
    ended: () => void,
  ) {
    this.#ended = ended
    this.#runs = runs
    this.#wish = wish
    this.#now = now
  }

  /** As it is begun. */
  begun({ startedFrom, processor }: RunOrder): NewRun {
    this.#why = processor.why
    return {
      startedFrom,
      wish: this.#wish,
      device: processor.name,
      why: processor.why,
      stage: { run: 0, runs: 0, what: 'Reading the gallery' },
      step: 0,
      steps: 0,
      imagesPerSecond: null,
      remainingMs: null,
      curve: [],
    }
  }

  /** The device it runs on, in words. */
  on(run: RunId, device: string): void {
    this.#write(run, { device })
  }

  /** The processor that was to run it does not. */
  fell(run: RunId, reason: string): void {
    this.#why = `The CPU trains instead of ${this.#wish.processor}, which did not open: ${reason}`
    this.#write(run, { device: 'CPU', why: this.#why })
  }

  hear(run: RunId, event: GalleryRunEvent): void {
    const inTime = this.#now() - this.#writtenAt >= everyMs
    switch (event.kind) {
      case 'run':
        this.#write(run, { ...this.#pending, stage: stageOf(event, event.what) })
        break
      case 'reading': {
        const { what, done, total } = event
        const stage = stageOf(event, `${what}: ${done} of ${total}`)
        if (inTime) this.#write(run, { ...this.#pending, stage, imagesPerSecond: null })
        break
      }
      case 'step':
        this.#step(run, event, inTime)
    }
  }

  /** All that is left to write; a last training that ended early took no more steps. */
  finished(run: RunId): void {
    const steps = this.#training.before + this.#training.done
    this.#write(run, { ...this.#pending, step: steps, steps, curve: this.#curve.points })
  }

  #step(run: RunId, event: Extract<GalleryRunEvent, { kind: 'step' }>, inTime: boolean): void {
    const { measures } = event
    this.#curve.add({
      run: event.run,
      step: event.step,
      loss: measures.loss ?? NaN,
      activeTriplets: measures.activeTriplets ?? null,
      positive: spread(measures, 'positiveDistance'),
      negative: spread(measures, 'negativeDistance'),
      gradientNorm: measures.gradientNorm ?? null,
      heldOutFnmr: measures.heldOutFnmr ?? null,
    })
    if (event.run !== this.#training.run)
      this.#training = { run: event.run, before: this.#training.before + this.#training.done, done: 0 }
    this.#training.done = event.step
    // A training may end early, or be shorter than the one before.
    const done = this.#training.before + event.step
    const total = this.#training.before + (event.runs - event.run + 1) * event.steps
    this.#pending = {
      step: done,
      steps: total,
      imagesPerSecond: event.imagesPerSecond,
      curve: this.#curve.points,
      ...(event.remainingMs !== null && { remainingMs: Math.round(event.remainingMs) }),
    }
    if (inTime || done === total) this.#write(run, this.#pending)
  }

  #write(run: RunId, progress: RunProgress): void {
    this.#writtenAt = this.#now()
    this.#pending = {}
    if (!this.#runs.putProgress(run, progress)) this.#ended()
  }
}

function spread(measures: Record<string, number>, name: string) {
  const mean = measures[name]
  return mean === undefined ? null : { mean, deviation: measures[`${name}Deviation`] ?? null }
}

function stageOf({ run, runs }: { run: number; runs: number }, what: string): RetrainRun['stage'] {
  return { run, runs, what: what.slice(0, 1).toUpperCase() + what.slice(1) }
}
