import * as tf from '@tensorflow/tfjs'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { channelBlock } from './channel-block.ts'
import { traceFunction, type TraceInput } from './trace.ts'

/** Single precision in another order of sums; channels in the wrong places are off by their own size. */
const tolerance = 1e-3

/**
 * The CPU's channel block, if a small training step in blocks gives the numbers of the plain graph, else 0: the blocked
 * kernels are ONNX Runtime's own and no part of ONNX, so what they are said to do is tried on this machine.
 */
export async function provenBlock(claimed: () => Promise<number> = channelBlock): Promise<number> {
  const block = await claimed()
  if (block <= 1) return 0
  try {
    const [plain, blocked] = [await outcome(0), await outcome(block)]
    return difference(plain, blocked) <= tolerance ? block : 0
  } catch {
    return 0 // shapes that do not fit each other: a block of another size than the kernels'
  }
}

/** Whole blocks of either known size. */
const channels = 32
const batch = 16

const inputs: TraceInput[] = [
  { name: 'image', shape: [batch, 11, 11, 3] },
  { name: 'stem', shape: [channels, 3, 3, 3] },
  { name: 'same', shape: [channels, channels, 3, 3] },
  { name: 'strided', shape: [channels, channels, 3, 3] },
  { name: 'shift', shape: [channels] },
]

/** Each layer that lowering treats in a way of its own, once, and the gradients of all. */
function step(tensors: Record<string, tf.Tensor>): Record<string, tf.Tensor> {
  const names = inputs.map(({ name }) => name)
  const filter = (tensor: tf.Tensor) => tensor.transpose([2, 3, 1, 0]) as tf.Tensor4D
  const loss = (...[image, stem, same, strided, shift]: tf.Tensor[]) => {
    const first = tf.relu(tf.conv2d(image as tf.Tensor4D, filter(stem!), 1, 'same').add(shift!))
    const second = tf.conv2d(first as tf.Tensor4D, filter(same!), 1, 'same').add(first)
    const centred = second.sub(second.mean([0, 1, 2]))
    const normal = centred.div(centred.square().mean([0, 1, 2]).add(1e-3).sqrt())
    const pooled = tf.maxPool(tf.relu(normal) as tf.Tensor4D, 3, 2, 'valid')
    return tf.conv2d(pooled, filter(strided!), 2, 'same').square().mean() as tf.Scalar
  }
  const { value, grads } = tf.valueAndGrads(loss)(names.map((name) => tensors[name]!))
  return { loss: value, ...Object.fromEntries(grads.map((grad, i) => [`gradient of ${names[i]}`, grad])) }
}

async function outcome(block: number): Promise<Map<string, Float32Array>> {
  const { model } = traceFunction(step, inputs, { block })
  const session = await InferenceSession.create(model, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  })
  try {
    const found = await session.run(
      Object.fromEntries(
        inputs.map(({ name, shape }) => {
          const size = (shape as number[]).reduce((product, each) => product * each)
          // Neither random nor regular: no two channels alike.
          const values = Float32Array.from({ length: size }, (_, i) => Math.sin(1 + i * 0.7 + i ** 2 * 0.013))
          return [name, new Tensor('float32', values, shape as number[])]
        }),
      ),
    )
    return new Map(Object.entries(found).map(([name, tensor]) => [name, tensor.data as Float32Array]))
  } finally {
    await session.release()
  }
}

/** The largest over all outputs, relative to that output's norm; NaN counts as one. */
function difference(expected: Map<string, Float32Array>, found: Map<string, Float32Array>): number {
  return Math.max(
    ...[...expected].map(([name, values]) => {
      const others = found.get(name)!
      const apart = Math.hypot(...values.map((value, i) => value - others[i]!))
      const relative = apart / (Math.hypot(...values) + 1e-12)
      return Number.isNaN(relative) ? Infinity : relative
    }),
  )
}
