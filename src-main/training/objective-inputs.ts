import type { Objective } from '../learning/step/objective.ts'
import { random } from '../learning/random.ts'
import type { Batch } from './feeding/batches.ts'
import type { StepInputs } from './step-runner.ts'

export interface ObjectiveInputSettings {
  objective: Objective
  batchSize: number
  seed: number
  /** Reference embeddings of every picture of the data set, row by row, where a distillation asks for them. */
  reference?: Float32Array
  classWeights?: Float32Array<ArrayBuffer>
}

/** Makes what an objective takes besides embeddings and labels: its random numbers depend on the seed and the step alone. Throws for an input that nothing can be made of. */
export function objectiveInputs(
  settings: ObjectiveInputSettings,
): (batch: Batch, step: number) => StepInputs {
  const { objective, batchSize, seed, reference, classWeights } = settings
  const sizeOf = (shape: readonly (number | 'batch')[]) =>
    shape.reduce<number>((size, dimension) => size * (dimension === 'batch' ? batchSize : dimension), 1)
  for (const { name } of objective.inputs) {
    const known =
      name.startsWith('random') ||
      (name === 'reference' && reference) ||
      (name === 'classWeights' && classWeights)
    if (!known) throw new Error(`${objective.name} needs ${name}, and there is none`)
  }
  return (batch, step) =>
    Object.fromEntries(
      objective.inputs.map(({ name, shape }) => {
        if (name === 'classWeights') return [name, classWeights!]
        const values = new Float32Array(sizeOf(shape))
        if (name === 'reference') {
          const length = shape[1] as number
          batch.indices.forEach((index, row) =>
            values.set(reference!.subarray(index * length, (index + 1) * length), row * length),
          )
          return [name, values]
        }
        const source = random(seed, name, step)
        return [name, values.map(() => source.uniform())]
      }),
    )
}
