import { InferenceSession, Tensor } from 'onnxruntime-node'
import { random } from '../learning/random.ts'
import type { Network } from '../learning/networks/network.ts'
import type { DataSet } from './data-sets/data-set.ts'
import { drawChange, noAugmentation } from './feeding/augmentation.ts'
import { render } from './feeding/render.ts'

/** Embeddings in rows, [pictures, embeddingLength], of any length. */
export interface Embeddings {
  embeddings: Float32Array
  length: number
  labels: Int32Array
}

/** Embeds every picture of a data set, unchanged, with an exported network. */
export async function embedDataSet(
  onnx: Uint8Array,
  network: Pick<Network, 'input' | 'embeddingLength'>,
  dataSet: DataSet,
  { threads = 1, batchSize = 32 } = {},
): Promise<Embeddings> {
  const [sidePx, , channels] = network.input as [number, number, number]
  const still = drawChange(noAugmentation, sidePx, random(0, 'still'))
  const session = await InferenceSession.create(onnx, {
    intraOpNumThreads: threads,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  })
  const count = dataSet.labels.length
  const embeddings = new Float32Array(count * network.embeddingLength)
  const pixelsEach = sidePx * sidePx * channels
  for (let first = 0; first < count; first += batchSize) {
    const size = Math.min(batchSize, count - first)
    const images = new Float32Array(size * pixelsEach)
    await Promise.all(
      Array.from({ length: size }, async (_, i) => {
        const picture = await dataSet.picture(first + i)
        const pixels = await render(picture, dataSet.framing, sidePx, still, random(0, 'still'))
        if (channels === 3) images.set(pixels, i * pixelsEach)
        else for (let p = 0; p < pixelsEach; p++) images[i * pixelsEach + p] = pixels[3 * p + 1]!
      }),
    )
    const { embedding } = await session.run({
      image: new Tensor('float32', images, [size, sidePx, sidePx, channels]),
    })
    embeddings.set(embedding!.data as Float32Array, first * network.embeddingLength)
  }
  await session.release()
  return { embeddings, length: network.embeddingLength, labels: dataSet.labels }
}
