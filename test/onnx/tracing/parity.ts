import * as tf from '@tensorflow/tfjs'
import * as ort from 'onnxruntime-node'
import type { Processor } from '../../../src-main/onnx/session.ts'
import { openSession } from '../../../src-main/onnx/session.ts'
import { traceFunction } from '../../../src-main/onnx/tracing/trace.ts'
import type { InputCase, KernelCase } from './kernel-table.ts'

export type Outputs = Record<string, Float32Array>

/** The same numbers for the same case every time; steps of 1/64 keep finite differences away from ties. */
export function drawInputs(inputs: InputCase[], seed = 1): tf.Tensor[] {
  let state = seed * 2654435761
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  return inputs.map(({ shape, dtype = 'float32', from = -2, to = 2 }) => {
    const values = Array.from({ length: tf.util.sizeFromShape(shape) }, () => from + next() * (to - from))
    return tf.tensor(dtype === 'float32' ? values : values.map(Math.floor), shape, dtype)
  })
}

/** The kernel's outputs and, where asked for, the gradients of a weighted sum of them for every real-valued input. */
export function expression({ run }: KernelCase, withGradients: boolean) {
  return (inputs: tf.Tensor[]): Record<string, tf.Tensor> => {
    const outputs: Record<string, tf.Tensor> = {}
    ;[run(...inputs)].flat().forEach((output, index) => (outputs[`output ${index}`] = output))
    if (!withGradients) return outputs
    const learned = inputs.flatMap(({ dtype }, index) => (dtype === 'float32' ? [index] : []))
    const gradients = tf.grads((...values: tf.Tensor[]) => weightedSum(run, place(inputs, learned, values)))(
      learned.map((index) => inputs[index]!),
    )
    gradients.forEach((gradient, index) => (outputs[`gradient ${learned[index]}`] = gradient))
    return outputs
  }
}

function place(inputs: tf.Tensor[], where: number[], values: tf.Tensor[]): tf.Tensor[] {
  return inputs.map((input, index) => (where.includes(index) ? values[where.indexOf(index)]! : input))
}

/** Weights that differ, so that a gradient that lands in the wrong place shows. */
function weightedSum(run: KernelCase['run'], inputs: tf.Tensor[]): tf.Scalar {
  const output = [run(...inputs)].flat()[0]!
  const weights = Array.from({ length: output.size }, (_, index) => 0.5 + ((index * 7) % 5) / 4)
  return output.cast('float32').mul(tf.tensor(weights, output.shape)).sum()
}

/** TensorFlow.js's own results. */
export function eager(kernelCase: KernelCase, withGradients: boolean): Outputs {
  return tf.tidy(() => {
    const results = expression(kernelCase, withGradients)(drawInputs(kernelCase.inputs))
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => [name, Float32Array.from(tensor.dataSync())]),
    )
  })
}

/** Gradients by central differences of TensorFlow.js's forward pass. */
export function byFiniteDifferences({ inputs, run }: KernelCase): Outputs {
  const step = 2 ** -6
  const tensors = drawInputs(inputs)
  const outputs: Outputs = {}
  tensors.forEach((input, which) => {
    if (input.dtype !== 'float32') return
    const values = input.dataSync()
    outputs[`gradient ${which}`] = Float32Array.from(values, (_, at) => {
      const at_ = (shift: number) =>
        tf.tidy(() => {
          const moved = Float32Array.from(values)
          moved[at]! += shift
          const moved_ = tensors.map((tensor, index) =>
            index === which ? tf.tensor(moved, tensor.shape) : tensor,
          )
          return weightedSum(run, moved_).dataSync()[0]!
        })
      return (at_(step) - at_(-step)) / (2 * step)
    })
  })
  tf.dispose(tensors)
  return outputs
}

/** The traced graph's results on a processor of ONNX Runtime. */
export async function traced(
  kernelCase: KernelCase,
  withGradients: boolean,
  processor: Processor = 'cpu',
  block = 0,
): Promise<Outputs> {
  const compute = expression(kernelCase, withGradients)
  const inputs = kernelCase.inputs.map(({ shape, dtype }, index) => ({
    name: `input ${index}`,
    shape,
    dtype,
  }))
  const { model } = traceFunction((named) => compute(inputs.map(({ name }) => named[name]!)), inputs, {
    block,
  })
  const session = await openSession(model, { processor, threads: 1 })
  const feeds: Record<string, ort.Tensor> = {}
  drawInputs(kernelCase.inputs).forEach((tensor, index) => {
    const name = `input ${index}`
    if (session.inputNames.includes(name)) {
      feeds[name] = new ort.Tensor(tensor.dtype as 'float32', tensor.dataSync() as Float32Array, tensor.shape)
    }
    tensor.dispose()
  })
  const results = await session.run(feeds)
  const outputs = Object.entries(results).map(
    ([name, tensor]) => [name, Float32Array.from(tensor.data as Float32Array, Number)] as const,
  )
  await session.release()
  return Object.fromEntries(outputs)
}

/** The largest difference, as a share of the largest number (at least 1). */
export function difference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Infinity
  const scale = a.reduce(
    (most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most),
    1,
  )
  return a.reduce((worst, value, index) => {
    const other = b[index]!
    if (Object.is(value, other) || value === other) return worst
    const distance = Math.abs(value - other) / scale
    return Number.isNaN(distance) ? Infinity : Math.max(worst, distance)
  }, 0)
}
