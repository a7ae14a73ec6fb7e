import * as tf from '@tensorflow/tfjs'
import { Tensor } from 'onnxruntime-node'
import type { Tensors } from '../../../learning/layers/layer.ts'
import type { Values } from '../../../learning/networks/initialise.ts'
import { below, inference, size, type Network } from '../../../learning/networks/network.ts'
import { random } from '../../../learning/random.ts'
import { openSession } from '../../../onnx/session.ts'
import { traceFunction } from '../../../onnx/tracing/trace.ts'
import type { Crops } from '../people/kept-crops.ts'
import { changedCrop } from './network-feed.ts'
import type { NetworkRecipe } from './network-recipe.ts'

/** What the net makes, below the stage that is trained, of some changed versions of each photograph: computed once. */
export interface Maps {
  shape: number[] // of one, [height, width, channels]
  versions: number
  at(row: number, version: number): Float32Array
}

const mostBytes = 384 * 2 ** 20 // all maps together; with more photographs there are fewer versions of each
const batch = 8

/** How many versions of each photograph are kept, of so many photographs with maps of so many numbers. */
export function versionsKept(photographs: number, mapLength: number, wished: number): number {
  return Math.max(1, Math.min(wished, Math.floor(mostBytes / (4 * mapLength * Math.max(1, photographs)))))
}

/** Computes the maps of all photographs, and tells how many are done. */
export async function* mapsBelow(
  network: Network,
  stage: string,
  parameters: Values,
  crops: Pick<Crops, 'people' | 'crop'>,
  recipe: Pick<NetworkRecipe, 'versions' | 'augmentation' | 'seed'>,
  threads: number,
): AsyncGenerator<{ done: number; total: number }, Maps> {
  const lower = below(network, stage)
  const { model, outputs } = traceFunction(
    ({ image }) => ({ map: lower.forward(tensorsOf(lower, parameters), {}, image!, inference).embedding }),
    [{ name: 'image', shape: ['batch', ...lower.input] }],
  )
  const shape = outputs[0]!.shape.slice(1) as number[]
  const length = size(shape)
  const sidePx = lower.input[0]!
  const rows = crops.people.length
  const versions = versionsKept(rows, length, recipe.versions)
  const kept = new Float32Array(rows * versions * length)
  const total = rows * versions
  const session = await openSession(model, { processor: 'cpu', threads })
  try {
    for (let first = 0; first < total; first += batch) {
      const count = Math.min(batch, total - first)
      const images = new Float32Array(count * size(lower.input))
      await Promise.all(
        Array.from({ length: count }, async (_, i) => {
          const [row, version] = [Math.floor((first + i) / versions), (first + i) % versions]
          const source = random(recipe.seed, 'augment', row, version)
          images.set(
            await changedCrop(crops, row, sidePx, recipe.augmentation, source),
            i * size(lower.input),
          )
        }),
      )
      const { map } = await session.run({ image: new Tensor('float32', images, [count, ...lower.input]) })
      kept.set(map!.data as Float32Array, first * length)
      yield { done: first + count, total }
    }
  } finally {
    await session.release()
  }
  const at = (row: number, version: number) =>
    kept.subarray((row * versions + version) * length, (row * versions + version + 1) * length)
  return { shape, versions, at }
}

function tensorsOf(network: Network, values: Values): Tensors {
  return Object.fromEntries(
    network.parameters.map(({ name, shape }) => [name, tf.tensor(values[name]!, [...shape])]),
  )
}
