import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Gallery } from '../gallery/gallery.ts'
import type { Embed } from '../gallery/versions-in-use.ts'
import { applyHead, type Head } from '../training/gallery-run/head.ts'
import { mappedStrangers } from '../training/gallery-run/mapped-strangers.ts'
import { embeddingLength, featuresLength, type Picture } from '../vision/face.ts'
import { unitLength, type Embedded } from '../vision/embedding.ts'
import { parseModelCard } from './model-card.ts'
import type { Networks, Parts } from './parts.ts'

/** The pre-trained last linear layer, [features × embedding]. */
export type PretrainedHead = Float32Array

/**
 * The parts with the model that is in use: the networks' embeddings go through its head, thresholds come from its card,
 * virtual strangers are seen by it. Whoever opened the parts keeps the model they opened with until they open again, so
 * that no enrolment begins under one model and ends under another.
 */
export function withModelInUse(parts: Parts): Parts {
  const { gallery, vision, model, strangers } = parts
  const { inUse } = gallery.modelInUse()
  if (inUse === null) return parts
  const [described, head] = [gallery.modelVersion(inUse), gallery.modelHead(inUse)]
  if (!described || !head) throw new Error(`the model in use, ${inUse}, is not in the gallery`)
  // A head over another net's embedding means nothing: the pre-trained model decides until somebody retrains.
  if (described.base !== model.version) return parts
  return {
    ...parts,
    vision: lazily(vision, (networks) => withHead(networks, head)),
    model: { name: model.name, version: inUse },
    card: parseModelCard(described.card),
    ...(strangers && {
      strangers: lazily(strangers, (fitted) =>
        fitted && fitted.version === described.base
          ? { ...fitted, version: inUse, model: mappedStrangers(fitted.model, head) }
          : null,
      ),
    }),
  }
}

/** Networks whose embeddings are those of a head; features stay the pre-trained net's. */
export function withHead(networks: Networks, head: Head): Networks {
  const mapped = <T extends Embedded>(embedded: T): T =>
    embedded.embedding.length === 0
      ? embedded // looked at only
      : { ...embedded, embedding: applyHead(embedded.embedding, head) }
  return {
    faces: async (picture, options) => (await networks.faces(picture, options)).map(mapped),
    preview: (picture) => networks.preview(picture),
    embed: async (crop: Picture) => mapped(await networks.embed(crop)),
  }
}

/**
 * What any version makes of a photograph that another version has seen: by the pre-trained embedding where it is kept,
 * else from the features, which all versions share.
 */
export function embedFrom(gallery: Gallery, base: string, pretrained: PretrainedHead): Embed {
  const heads = new Map<string, Head | null>()
  const headOf = (version: string) => {
    if (!heads.has(version))
      heads.set(version, gallery.modelVersion(version)?.base === base ? gallery.modelHead(version) : null)
    return heads.get(version)!
  }
  const ofBase = (version: string) => version === base || headOf(version) !== null
  return (version, seen) => {
    const wanted = version ?? base
    const there = seen.find(({ modelVersion }) => modelVersion === wanted)
    if (there) return { modelVersion: wanted, embedding: there.embedding }
    const plain =
      seen.find(({ modelVersion }) => modelVersion === base)?.embedding ??
      seen
        .filter(({ modelVersion, features }) => features && ofBase(modelVersion))
        .map(({ features }) => lastLayer(features!, pretrained))[0]
    if (!plain) return null
    if (wanted === base) return { modelVersion: base, embedding: plain }
    const head = headOf(wanted)
    return head && { modelVersion: wanted, embedding: applyHead(plain, head) }
  }
}

/** The pre-trained embedding of pooled features. */
export function lastLayer(features: Float32Array, pretrained: PretrainedHead): Float32Array {
  const sum = new Float64Array(embeddingLength)
  for (let i = 0, at = 0; i < featuresLength; i++)
    for (let k = 0; k < embeddingLength; k++) sum[k]! += features[i]! * pretrained[at++]!
  return unitLength(sum)
}

/** face-api's last layer, from its npm package. */
export async function readPretrainedHead(): Promise<PretrainedHead> {
  // TensorFlow.js comes with it: nobody who only opens a gallery waits for that.
  const { recognitionWeights } = await import('../learning/networks/recognition-weights.ts')
  const require = createRequire(import.meta.url)
  const folder = join(dirname(require.resolve('@vladmandic/face-api/package.json')), 'model')
  const file = (name: string) => readFile(join(folder, `face_recognition_model${name}`))
  const manifest: unknown = JSON.parse((await file('-weights_manifest.json')).toString())
  return recognitionWeights(manifest, await file('.bin'))['fc.weights']!
}

/** A promise whose work begins when it is first waited for, as that of what it is made from may. */
function lazily<A, B>(from: Promise<A>, change: (value: A) => B): Promise<B> {
  let started: Promise<B> | null = null
  const begin = () => (started ??= Promise.resolve(from).then(change))
  return {
    then: (done, failed) => begin().then(done, failed),
    catch: (failed) => begin().catch(failed),
    finally: (done) => begin().finally(done),
    [Symbol.toStringTag]: 'Promise',
  } as Promise<B>
}
