import type { Values } from '../learning/networks/initialise.ts'
import type { TrainingStep } from '../learning/step/training-step.ts'

/** A training step at work on some processor, with its state beside it between steps. */
export interface StepRunner {
  /** One step; gives the numbers named by `TrainingStep.measures`. */
  run(inputs: StepInputs): Promise<Float32Array>
  /** A copy of the whole state, for a checkpoint. */
  state(): Promise<Values>
  release(): Promise<void>
}

/** What changes from step to step: `images`, `labels`, `scalars`, and the objective's own inputs. */
export type StepInputs = Record<string, Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>>

/** Puts a step and its state on a processor. */
export type OpenRunner = (step: TrainingStep, batchSize: number, state: Values) => Promise<StepRunner>
