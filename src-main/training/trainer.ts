import type { Values } from '../learning/networks/initialise.ts'
import type { Schedule } from '../learning/schedules/learning-rate.ts'
import { carryOver } from '../learning/step/carry-over.ts'
import type { TrainingStep } from '../learning/step/training-step.ts'
import { saveCheckpoint, type Checkpoint } from './checkpoint.ts'
import type { Batch } from './feeding/batches.ts'
import type { Feed } from './feeding/feed.ts'
import type { OpenRunner, StepInputs, StepRunner } from './step-runner.ts'

/** From a step on, which step function runs: a stage is unfrozen, or a memory is full enough to be used. */
export interface Phase {
  fromStep: number
  step: TrainingStep
}

export interface TrainingRun {
  /** In order; the first from step 0. */
  phases: readonly Phase[]
  steps: number
  schedule: Schedule
  feed: Feed
  openRunner: OpenRunner
  start: { parameters: Values; statistics: Values }
  /** What the objective takes besides embeddings and labels, for a batch of a step counted from 0. */
  objectiveInputs?: (batch: Batch, step: number) => StepInputs
  /** Says what decides the run's numbers: a checkpoint made under other settings is not continued. */
  settings: string
  checkpoints?: { folder: string; everySteps: number }
  /** What the network is worth, looked at every so many steps: comes out among the measures of that step. */
  looks?: {
    everySteps: number
    measure: (parameters: Values, step: number) => Promise<Record<string, number>>
  }
  /** Milliseconds of any origin; passed in for tests. */
  clock?: () => number
}

export type TrainingEvent =
  | {
      kind: 'step'
      step: number // done so far
      steps: number
      epoch: number // begun, from 1
      learningRate: number
      measures: Record<string, number> // loss, gradientNorm, health, the objective's own
      imagesPerSecond: number
      waitedMs: number // for the batch: above zero the feed is too slow
      remainingMs: number
    }
  | { kind: 'phase'; step: number; trainedStages: string[] }
  | { kind: 'checkpoint'; step: number }

/** A run that reached its end. */
export interface Trained {
  parameters: Values
  statistics: Values
  stepsDone: number
}

/**
 * Trains from the start, or on from a checkpoint to the same numbers as if it had never stopped: every batch depends on
 * the seed and the step's number alone. Throws when the loss is no longer a number.
 */
export async function* train(
  run: TrainingRun,
  resume: Checkpoint | null = null,
): AsyncGenerator<TrainingEvent, Trained> {
  const { phases, steps, feed, schedule, checkpoints, clock = () => performance.now() } = run
  const phaseAt = (step: number) => phases.findLast(({ fromStep }) => fromStep <= step)
  let done = resume?.stepsDone ?? 0
  // A checkpoint at a boundary was written by the phase before it, whose last step it follows.
  let phase = phaseAt(Math.max(0, done - 1))
  if (!phase) throw new Error('the first phase must start at step 0')
  let state = resume?.state ?? phase.step.start(run.start)
  let runner: StepRunner | null = null
  const begun = clock()
  const doneAtBegin = done
  try {
    while (done < steps) {
      const current: Phase = phaseAt(done)!
      if (current !== phase) {
        if (runner) state = await runner.state()
        await runner?.release()
        runner = null
        state = carryOver(phase.step, state, current.step)
        phase = current
      }
      if (!runner) {
        runner = await run.openRunner(phase.step, feed.batchSize, state)
        yield { kind: 'phase', step: done, trainedStages: trainedStages(phase.step) }
      }
      const waiting = clock()
      const batch = await feed.batch(done)
      const waitedMs = clock() - waiting
      const learningRate = schedule(done)
      const numbers = await runner.run({
        ...run.objectiveInputs?.(batch, done),
        images: batch.images,
        labels: batch.labels,
        scalars: phase.step.scalarsAt(done + 1, learningRate),
      })
      const measures = Object.fromEntries(phase.step.measures.map((name, i) => [name, numbers[i]!]))
      done++
      if (!Number.isFinite(measures.loss))
        throw new Error(`the loss is ${measures.loss} at step ${done}: a lower learning rate may help`)
      if (run.looks && done % run.looks.everySteps === 0)
        Object.assign(
          measures,
          await run.looks.measure(phase.step.finish(await runner.state()).parameters, done),
        )
      const msPerStep = (clock() - begun) / (done - doneAtBegin)
      yield {
        kind: 'step',
        step: done,
        steps,
        epoch: Math.floor((done - 1) / feed.stepsPerEpoch) + 1,
        learningRate,
        measures,
        imagesPerSecond: (1000 * feed.batchSize) / msPerStep,
        waitedMs,
        remainingMs: (steps - done) * msPerStep,
      }
      if (checkpoints && (done % checkpoints.everySteps === 0 || done === steps)) {
        await saveCheckpoint(checkpoints.folder, {
          stepsDone: done,
          settings: run.settings,
          state: await runner.state(),
        })
        yield { kind: 'checkpoint', step: done }
      }
    }
    if (runner) state = await runner.state()
    return { ...phase.step.finish(state), stepsDone: done }
  } finally {
    await runner?.release()
  }
}

/** Stages with something to train, in the network's order. */
function trainedStages(step: TrainingStep): string[] {
  const trained = new Set(step.groups.flatMap(({ vector }) => vector.parts.map(({ name }) => name)))
  return step.network.stages.filter((stage) =>
    step.network.parameters.some((parameter) => parameter.stage === stage && trained.has(parameter.name)),
  )
}
