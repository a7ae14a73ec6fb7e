import * as tf from '@tensorflow/tfjs'
import type { Tensors } from '../learning/layers/layer.ts'
import type { Values } from '../learning/networks/initialise.ts'
import type { TrainingStep } from '../learning/step/training-step.ts'
import type { StepRunner } from './step-runner.ts'

/** Runs a step op by op on TensorFlow.js's current backend: the `tensorflow` processor, and the reference in tests. */
export async function eagerRunner(step: TrainingStep, batchSize: number, start: Values): Promise<StepRunner> {
  const descriptions = new Map(step.inputs(batchSize).map((input) => [input.name, input]))
  const tensor = (name: string, values: Float32Array | Int32Array) => {
    const input = descriptions.get(name)
    if (!input) throw new Error(`the step takes no ${name}`)
    const typed = input.dtype === 'int32' ? Int32Array.from(values) : values
    return tf.tensor(typed, [...(input.shape as number[])], input.dtype)
  }
  const held: Tensors = {}
  for (const [name, values] of Object.entries(start)) held[name] = tensor(name, values)
  return {
    async run(inputs) {
      const given: Tensors = {}
      for (const [name, values] of Object.entries(inputs)) given[name] = tensor(name, values)
      const { measures, ...renewed } = step.run({ ...held, ...given })
      tf.dispose(given)
      for (const [name, value] of Object.entries(renewed)) {
        held[name]?.dispose()
        held[name] = value
      }
      const numbers = (await measures!.data()) as Float32Array
      measures!.dispose()
      return numbers
    },
    async state() {
      const values: Values = {}
      for (const [name, value] of Object.entries(held)) values[name] = Float32Array.from(await value.data())
      return values
    },
    release: async () => tf.dispose(held),
  }
}
