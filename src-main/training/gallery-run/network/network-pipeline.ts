import type { Values } from '../../../learning/networks/initialise.ts'
import { embedCrop } from '../../../vision/embedder.ts'
import { networkOf } from '../../../vision/network.ts'
import { exportNetwork } from '../../export-network.ts'
import type { Crops } from '../people/kept-crops.ts'
import type { NetworkRun } from '../retrain-network.ts'
import type { GalleryRunEvent } from '../run-event.ts'

/** An exported network at work as verification will use it. */
export interface NetworkPipeline {
  onnx: Uint8Array
  /** From the trainer's numbers. */
  difference: number
  /** Embeddings of rows, [rows, embeddingLength], of unit length. */
  embed(crops: Pick<Crops, 'people' | 'crop'>, what: string): AsyncGenerator<GalleryRunEvent, Float32Array>
  /** Mean length of the gallery's embeddings before they are brought to unit length, over a sample. */
  meanNorm(): Promise<number>
  close(): Promise<void>
}

const sampled = 24 // photographs
const tellEvery = 20

/** Throws a sentence where the exported file does not give the trainer's numbers. */
export async function openPipeline(
  { network, crop, set, threads, notes }: NetworkRun,
  parameters: Values,
  what: string,
  at: { run: number; runs: number },
): Promise<NetworkPipeline> {
  const exported = await exportNetwork(network, { parameters, statistics: {} }, notes).catch(
    (error: unknown) => {
      throw new Error(`Refused: ${what} cannot be exported as it was trained (${(error as Error).message}).`)
    },
  )
  const net = await networkOf(exported.onnx, what, threads)
  return {
    ...exported,
    async *embed({ people, crop }, what) {
      const total = people.length
      const embeddings = new Float32Array(total * network.embeddingLength)
      for (let row = 0; row < total; row++) {
        embeddings.set((await embedCrop(net, await crop(row))).embedding, row * network.embeddingLength)
        if ((row + 1) % tellEvery === 0 || row + 1 === total)
          yield { kind: 'reading', ...at, what, done: row + 1, total }
      }
      return embeddings
    },
    async meanNorm() {
      const rows = set.owners.length
      const every = Math.max(1, Math.ceil(rows / sampled))
      let [sum, count] = [0, 0]
      for (let row = 0; row < rows; row += every) {
        const { features } = await embedCrop(net, await crop(row))
        sum += Math.hypot(...timesLayer(features, parameters['fc.weights']!, network.embeddingLength))
        count++
      }
      return sum / Math.max(1, count)
    },
    close: () => net.close(),
  }
}

function timesLayer(features: Float32Array, layer: Float32Array, width: number): Float64Array {
  const sum = new Float64Array(width)
  for (let i = 0, at = 0; i < features.length; i++)
    for (let k = 0; k < width; k++) sum[k]! += features[i]! * layer[at++]!
  return sum
}
