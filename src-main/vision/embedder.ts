import { netInput, netSidePx } from './crop.ts'
import { unitLength, type Embedded } from './embedding.ts'
import { embeddingLength, featuresLength, type Picture } from './face.ts'
import type { Network } from './network.ts'

/**
 * Features and embedding of one kept crop, from it and its mirror image. Crops go one pair at a time: a batch of another
 * size may round differently, and embedding a kept crop again has to give the very same numbers.
 */
export async function embedCrop(net: Network, crop: Picture): Promise<Embedded> {
  const { features, embedding } = await net.run(netInput(crop), [2, netSidePx, netSidePx, 3])
  return {
    features: meanOfTwo(features!, featuresLength),
    embedding: unitLength(meanOfTwo(embedding!, embeddingLength)),
  }
}

function meanOfTwo(both: Float32Array, length: number): Float32Array {
  if (both.length !== 2 * length)
    throw new RangeError(`expected 2 × ${length} numbers, the net gave ${both.length}`)
  return Float32Array.from({ length }, (_, i) => (both[i]! + both[length + i]!) / 2)
}
