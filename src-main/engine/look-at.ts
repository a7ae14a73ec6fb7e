import type { Refusal } from '../contract.ts'
import type { Looker } from '../gallery/imported-photographs.ts'
import { applyHead, type Head } from '../training/gallery-run/head/head.ts'
import { embedCrop } from '../vision/embedder.ts'
import type { Embedded } from '../vision/embedding.ts'
import { cropSidePx, embeddingLength, featuresLength, type Picture } from '../vision/face.ts'
import type { Network } from '../vision/network.ts'
import { underModel } from './model-in-use.ts'
import type { Parts } from './parts.ts'
import { readableCrop } from './re-embedding.ts'
import { refused } from './refusal.ts'
import { builtOfNumbers } from './retraining/foreign-network.ts'
import { pretrainedVersion } from './retraining/model-list.ts'

/** Crops of an imported file as models that are here see them; of its networks only the numbers are taken. */
export function lookAt(parts: Parts): Looker {
  const { threads = 1 } = parts
  const pretrained = pretrainedVersion(parts)
  const ofFile = new Map<string, FileModel>()
  const known = new Map<string, Embeds | null>()
  const opened: Promise<Network>[] = []
  const by = (version: string): Embeds | null => {
    const found = known.has(version) ? known.get(version)! : (embedsOf(version) ?? embedsHere(parts, version))
    known.set(version, found)
    return found
  }
  function embedsOf(version: string): Embeds | null {
    const model = ofFile.get(version)
    if (!model) return null
    const { description, head, network } = model
    if (network) return description.base === pretrained ? embedsBy(network, version) : null
    const under = head?.length === embeddingLength ** 2 ? by(description.base) : null
    return under && (async (crop) => mapped(await under(crop), head!))
  }
  /** A network of the file, as it was built here; opened when it is first needed. */
  function embedsBy(onnx: Uint8Array, version: string): Embeds {
    let opening: Promise<Network> | null = null
    const open = async () => (await import('../vision/network.ts')).networkOf(onnx, version, threads)
    return async (crop) => {
      if (!opening) opened.push((opening = open()))
      return embedCrop(await opening, crop)
    }
  }
  return {
    async ready({ hasCrops, networks }) {
      if (hasCrops) await (await parts.vision).embed(grey)
      const rebuilt = new Map<string, Uint8Array>()
      for (const { version, onnx } of networks) {
        const built = await builtOfNumbers(onnx)
        if (built.kind === 'refused' || !(await embeds(built.onnx, threads))) return cannotBeRun(version)
        rebuilt.set(version, built.onnx)
      }
      return { kind: 'ready', networks: rebuilt }
    },
    know: (models) => models.forEach((model) => ofFile.set(model.version, model)),
    async look(png, modelVersion) {
      const version = modelVersion ?? parts.model.version
      const embeds = by(version)
      if (!embeds) return null
      const crop = await readableCrop(png)
      if (!crop) return null
      const { features, embedding } = await embeds(crop)
      return { modelVersion: version, features, embedding }
    },
    async close() {
      known.clear()
      const networks = await Promise.allSettled(opened.splice(0)) // one that did not open has been told of
      for (const each of networks) if (each.status === 'fulfilled') await each.value.close()
    },
  }
}

type FileModel = Parameters<Looker['know']>[0][number]
type Embeds = (crop: Picture) => Promise<Embedded>

/** A model that is here; null where none is. */
function embedsHere(parts: Parts, version: string): Embeds | null {
  const under = version === parts.model.version ? parts : underModel(parts, version)
  return under && (async (crop) => (await under.vision).embed(crop))
}

const mapped = ({ features, embedding }: Embedded, head: Head): Embedded => ({
  features,
  embedding: applyHead(embedding, head),
})

const grey: Picture = {
  width: cropSidePx,
  height: cropSidePx,
  rgb: new Uint8Array(cropSidePx * cropSidePx * 3).fill(128),
}

/** Whether it makes of a crop what a recognition network makes: numbers may be too large for it, or all zero. */
async function embeds(onnx: Uint8Array, threads: number): Promise<boolean> {
  const { networkOf } = await import('../vision/network.ts')
  const network = await networkOf(onnx, 'imported', threads)
  try {
    const { features, embedding } = await embedCrop(network, grey)
    const isWhole = features.length === featuresLength && embedding.length === embeddingLength
    return isWhole && [...features, ...embedding].every(Number.isFinite)
  } catch (error) {
    if (error instanceof RangeError) return false // a vector without a direction
    throw error
  } finally {
    await network.close()
  }
}

function cannotBeRun(version: string): Refusal {
  return refused(
    'network-refused',
    `The file holds a retrained network, ${version}, that is none that can be run here. Nothing was changed.`,
  )
}
