import * as tf from '@tensorflow/tfjs'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { random } from '../learning/random.ts'
import type { Tensors } from '../learning/layers/layer.ts'
import type { Values } from '../learning/networks/initialise.ts'
import { inference, size, type Network } from '../learning/networks/network.ts'
import { traceFunction } from '../onnx/tracing/trace.ts'

/** Largest difference of a unit-length embedding's component between the trainer's network and the exported file. */
export const exportTolerance = 1e-5

export interface ExportedNetwork {
  onnx: Uint8Array
  /** Measured, below `exportTolerance`. */
  difference: number
}

/**
 * The network as a standalone ONNX file: `image` [batch, height, width, channels] 0–255 (or features) in, `embedding`
 * [batch, length] and, where the head takes a row of numbers, `features` out. The notes are kept in the file. Throws
 * when a parameter is no number, and when the file does not give the embeddings that the network itself gives.
 */
export async function exportNetwork(
  network: Network,
  values: { parameters: Values; statistics: Values },
  notes: Record<string, string>,
): Promise<ExportedNetwork> {
  for (const [name, numbers] of Object.entries({ ...values.parameters, ...values.statistics }))
    if (!numbers.every(Number.isFinite)) throw new Error(`${network.name}: ${name} holds what is no number`)
  const model = traceNetwork(network, values, notes)
  const difference = await largestDifference(network, values, model)
  // written so that NaN is refused too
  if (!(difference <= exportTolerance))
    throw new Error(`the exported ${network.name} differs by ${difference} from the trained one`)
  return { onnx: model, difference }
}

/** The file alone, not compared with the network itself: the same values and notes always give the same bytes. */
export function traceNetwork(
  network: Network,
  values: { parameters: Values; statistics: Values },
  notes: Record<string, string>,
): Uint8Array {
  const { model } = traceFunction(
    ({ image }) => {
      const { embedding, features } = forward(network, values, image!)
      const outputs: Tensors = features.rank === 2 ? { embedding, features } : { embedding }
      return outputs
    },
    [{ name: 'image', shape: ['batch', ...network.input] }],
    {
      metadata: {
        network: network.name,
        source: network.source,
        input: JSON.stringify(network.input),
        ...notes,
      },
    },
  )
  return model
}

function forward(network: Network, values: { parameters: Values; statistics: Values }, image: tf.Tensor) {
  const tensors = (owners: readonly { name: string; shape: readonly number[] }[], numbers: Values): Tensors =>
    Object.fromEntries(owners.map(({ name, shape }) => [name, tf.tensor(numbers[name]!, [...shape])]))
  return network.forward(
    tensors(network.parameters, values.parameters),
    tensors(network.statistics, values.statistics),
    image,
    inference,
  )
}

/** Compares file and network on two images of noise, the network on TensorFlow.js's own `cpu` backend. */
async function largestDifference(
  network: Network,
  values: { parameters: Values; statistics: Values },
  model: Uint8Array,
): Promise<number> {
  const batch = 2
  const source = random(1, 'export')
  const pixels = Float32Array.from({ length: batch * size(network.input) }, () => 255 * source.uniform())
  const shape = [batch, ...network.input]
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1 })
  const { embedding } = await session.run({ image: new Tensor('float32', pixels, shape) })
  await session.release()
  const before = tf.getBackend()
  await tf.setBackend('cpu')
  try {
    const expected = tf.tidy(() => forward(network, values, tf.tensor(pixels, shape)).embedding.dataSync())
    const found = embedding!.data as Float32Array
    const length = network.embeddingLength
    let largest = 0
    for (let row = 0; row < batch; row++) {
      const unit = (all: ArrayLike<number>) => {
        const part = Array.from({ length }, (_, i) => all[row * length + i]!)
        const norm = Math.hypot(...part)
        return part.map((value) => value / norm)
      }
      const [ours, theirs] = [unit(expected), unit(found)]
      for (let i = 0; i < length; i++) largest = Math.max(largest, Math.abs(ours[i]! - theirs[i]!))
      if (ours.some(Number.isNaN) || theirs.some(Number.isNaN)) return NaN
    }
    return largest
  } finally {
    await tf.setBackend(before)
  }
}
