import { netImages, netInput, netSidePx } from './crop.ts'
import { unitLength, type Embedded } from './embedding.ts'
import { embeddingLength, featuresLength, type Picture } from './face.ts'
import type { Network } from './network.ts'

/**
 * Features and embedding of one kept crop: means over its cuts and their mirror images. Crops go one at a time: a batch
 * of another size may round differently, and embedding a kept crop again has to give the very same numbers.
 */
export async function embedCrop(net: Pick<Network, 'run'>, crop: Picture): Promise<Embedded> {
  const { features, embedding } = await net.run(netInput(crop), [netImages, netSidePx, netSidePx, 3])
  return {
    features: meanOfImages(features!, featuresLength),
    embedding: unitLength(meanOfImages(embedding!, embeddingLength)),
  }
}

function meanOfImages(all: Float32Array, length: number): Float32Array {
  if (all.length !== netImages * length)
    throw new RangeError(`expected ${netImages} × ${length} numbers, the net gave ${all.length}`)
  const mean = new Float32Array(length)
  for (let i = 0; i < all.length; i++) mean[i % length]! += all[i]! / netImages
  return mean
}
