import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Gallery } from '../gallery/gallery.ts'
import { applyHead, type Head } from '../training/gallery-run/head/head.ts'
import { mappedStrangers } from '../training/gallery-run/head/mapped-strangers.ts'
import { embedCrop } from '../vision/embedder.ts'
import type { Embedded } from '../vision/embedding.ts'
import type { Picture } from '../vision/face.ts'
import type { Network } from '../vision/network.ts'
import { parseModelCard } from './model-card.ts'
import type { Networks, Parts } from './parts.ts'

/** The pre-trained last linear layer, [features × embedding]. */
export type PretrainedHead = Float32Array

/** What makes a version's embeddings: a network of the gallery's (null: the pre-trained one), and a head over it. */
export interface ModelMadeOf {
  network: string | null
  head: Head | null
}

/**
 * The parts with the model that is in use: its network and head make the embeddings, thresholds come from its card,
 * virtual strangers are seen by it. They stay as they are whatever is promoted meanwhile, so that nothing begins under
 * one model and ends under another; `upToDate` gives those of now.
 */
export function withModelInUse(parts: Parts): Parts {
  const { inUse } = parts.gallery.models.inUse()
  if (inUse === null) return parts
  if (!parts.gallery.models.version(inUse))
    throw new Error(`the model in use, ${inUse}, is not in the gallery`)
  // What goes over another pre-trained net means nothing: that net decides until somebody retrains.
  return underModel(parts, inUse) ?? parts
}

/** The parts with the model that is in use now: the very same ones where it is still theirs. */
export function upToDate(parts: Parts): Parts {
  const opened = parts.pretrained ?? parts
  const { inUse } = parts.gallery.models.inUse()
  if ((inUse ?? opened.model.version) === parts.model.version) return parts
  const now = withModelInUse(opened)
  return now.model.version === parts.model.version ? parts : now
}

/**
 * Parts that are always those of the model in use, as far as `follow` has looked. A call that waits between two looks
 * takes `{ ...parts }` first: it then ends under the model it began with, whatever is promoted meanwhile.
 */
export function liveParts(opened: Parts): { parts: Parts; follow: () => boolean } {
  let now = opened
  const parts = {} as Parts
  const names: (keyof Parts)[] = ['vision', 'model', 'card', 'strangers', 'pretrained']
  const still = Object.keys(opened).filter((name) => !(names as string[]).includes(name)) as (keyof Parts)[]
  for (const name of [...still, ...names])
    Object.defineProperty(parts, name, { enumerable: true, get: () => now[name] })
  return {
    parts,
    /** Whether another model has come into use. */
    follow() {
      const before = now
      now = upToDate(before)
      return now !== before
    },
  }
}

/** The parts under any model, in use or not; null where the gallery has none of that version, or it goes over another pre-trained net. */
export function underModel(parts: Parts, version: string): Parts | null {
  const opened = parts.pretrained ?? parts
  const { gallery, vision, model, strangers } = opened
  if (version === model.version) return opened
  const made = madeOf(gallery, version, model.version)
  const described = gallery.models.version(version)
  if (!made || !described) return null
  const { network, head } = made
  const embedding = network
    ? lazily(vision, async (networks) =>
        withNetwork(networks, await openNetwork(gallery, network, opened.threads ?? 1)),
      )
    : vision
  return {
    ...opened,
    pretrained: opened,
    vision: head ? lazily(embedding, (networks) => withHead(networks, head)) : embedding,
    model: { name: model.name, version },
    card: parseModelCard(described.card),
    ...(strangers && {
      strangers: lazily(strangers, (fitted) =>
        // A Gaussian can be seen through a linear map, not through a network.
        fitted && fitted.version === model.version && head && !network
          ? { ...fitted, version, model: mappedStrangers(fitted.model, head) }
          : null,
      ),
    }),
  }
}

/** What a version consists of; null where it is unknown here, or descends from another pre-trained version. */
export function madeOf(gallery: Gallery, version: string, pretrained: string): ModelMadeOf | null {
  if (version === pretrained) return { network: null, head: null }
  if (!gallery.models.version(version) || gallery.models.pretrainedUnder(version) !== pretrained) return null
  const under = gallery.models.networkUnder(version)
  return { network: under === pretrained ? null : under, head: gallery.models.head(version) }
}

/** Networks whose embeddings are those of a head; features stay those of the network under it. */
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

/** Networks with another recognition net: features and embeddings are its own. */
export function withNetwork(networks: Networks, net: Pick<Network, 'run'>): Networks {
  const embed = (crop: Picture) => embedCrop(net, crop)
  return {
    async faces(picture, { embed: isEmbedded = true, ...options } = {}) {
      const faces = await networks.faces(picture, { ...options, embed: false })
      if (!isEmbedded) return faces
      const embedded: typeof faces = []
      for (const face of faces) embedded.push({ ...face, ...(await embed(face.crop)) })
      return embedded
    },
    preview: (picture) => networks.preview(picture),
    embed,
  }
}

/** A session of a network that the gallery keeps; its hash was checked when it was read. */
async function openNetwork(gallery: Gallery, version: string, threads: number): Promise<Network> {
  const bytes = gallery.models.network(version)
  if (!bytes) throw new Error(`the network of model ${version} is not in the gallery (any more)`)
  const { networkOf } = await import('../vision/network.ts')
  return networkOf(bytes, version, threads)
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
function lazily<A, B>(from: Promise<A>, change: (value: A) => B | Promise<B>): Promise<B> {
  let started: Promise<B> | null = null
  const begin = () => (started ??= Promise.resolve(from).then(change))
  return {
    then: (done, failed) => begin().then(done, failed),
    catch: (failed) => begin().catch(failed),
    finally: (done) => begin().finally(done),
    [Symbol.toStringTag]: 'Promise',
  } as Promise<B>
}
