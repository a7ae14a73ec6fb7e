import type { Gallery } from '../gallery/gallery.ts'
import type { Embed, Seen, SeenPhotograph } from '../gallery/versions-in-use.ts'
import { applyHead } from '../training/gallery-run/head/head.ts'
import { lastLayerOf } from '../training/gallery-run/network/network-file.ts'
import { unitLength, type Embedded } from '../vision/embedding.ts'
import { embeddingLength, featuresLength } from '../vision/face.ts'
import { madeOf, type ModelMadeOf, type PretrainedHead } from './model-in-use.ts'

/** What was computed of crops beforehand, by photograph. */
export type Computed = ReadonlyMap<string, Embedded>

export const computedKey = ({ of, photograph }: SeenPhotograph) => `${of} ${photograph}`

/**
 * What any version makes of a photograph that another version has seen: by its network's embedding where that is kept,
 * else from that network's features, which all heads over it share; else what was computed of its crop.
 * @param base the pre-trained version
 */
export function embedUnder(
  gallery: Gallery,
  base: string,
  pretrained: PretrainedHead,
  computed: Computed = new Map(),
): (...of: Parameters<Embed>) => Seen | null {
  const known = new Map<string, ModelMadeOf | null>()
  const modelOf = (version: string) => {
    if (!known.has(version)) known.set(version, madeOf(gallery, version, base))
    return known.get(version)!
  }
  const networkOf = (version: string) => {
    const model = modelOf(version)
    return model && (model.network ?? base)
  }
  const lastLayers = new Map([[base, pretrained]])
  const lastLayerUnder = (network: string) => {
    if (!lastLayers.has(network)) lastLayers.set(network, lastLayerOf(gallery.models.network(network)!))
    return lastLayers.get(network)!
  }
  return (version, seen, photograph) => {
    const wanted = version ?? base
    const there = seen.find(({ modelVersion }) => modelVersion === wanted)
    if (there) return there
    const network = networkOf(wanted)
    if (network === null) return null
    const plain =
      seen.find(({ modelVersion }) => modelVersion === network) ??
      seen
        .filter(({ modelVersion, features }) => features && networkOf(modelVersion) === network)
        .map(({ features }) => ({ features, embedding: lastLayer(features!, lastLayerUnder(network)) }))[0]
    const found = computed.get(computedKey(photograph))
    if (!plain) return found ? { modelVersion: wanted, ...found } : null
    const { head } = modelOf(wanted)!
    return {
      modelVersion: wanted,
      features: plain.features,
      embedding: head ? applyHead(plain.embedding, head) : plain.embedding,
    }
  }
}

/** A network's embedding of its pooled features. */
export function lastLayer(features: Float32Array, layer: Float32Array): Float32Array {
  const sum = new Float64Array(embeddingLength)
  for (let i = 0, at = 0; i < featuresLength; i++)
    for (let k = 0; k < embeddingLength; k++) sum[k]! += features[i]! * layer[at++]!
  return unitLength(sum)
}
