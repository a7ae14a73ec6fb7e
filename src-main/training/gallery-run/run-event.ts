/** What a run on the gallery tells while it goes on, at every depth. `run` of `runs` trainings, from 1. */
export type GalleryRunEvent =
  | { kind: 'run'; run: number; runs: number; what: string }
  | {
      kind: 'step'
      run: number
      runs: number
      step: number // within this training, from 1
      steps: number
      /** Loss, gradientNorm, activeTriplets, distances; heldOutFnmr where it was measured at this step. */
      measures: Record<string, number>
      imagesPerSecond: number // embeddings, at depth head
      remainingMs: number | null // of all trainings that are left; null where this step does not tell
    }
  /** Photographs that are read before or after a training. */
  | { kind: 'reading'; run: number; runs: number; what: string; done: number; total: number }

/** A trainer's step as a run tells it: what is left counts the trainings that follow, each as long as this one. */
export function stepEvent(
  { run, runs }: { run: number; runs: number },
  { step, steps, measures, imagesPerSecond, remainingMs }: StepDone,
): GalleryRunEvent {
  const toCome = (runs - run) * steps // after this training
  const msPerStep = step < steps ? remainingMs / (steps - step) : toCome === 0 ? 0 : null
  const left = msPerStep === null ? null : remainingMs + toCome * msPerStep
  return { kind: 'step', run, runs, step, steps, measures, imagesPerSecond, remainingMs: left }
}

interface StepDone {
  step: number
  steps: number
  measures: Record<string, number>
  imagesPerSecond: number
  remainingMs: number // of this training
}
