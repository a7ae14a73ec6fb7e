import type { Refusal } from '../contract.ts'
import type { Looker } from '../gallery/imported-photographs.ts'
import { embedCrop } from '../vision/embedder.ts'
import { cropSidePx, embeddingLength, featuresLength, type Picture } from '../vision/face.ts'
import { underModel } from './model-in-use.ts'
import type { Parts } from './parts.ts'
import { readableCrop } from './re-embedding.ts'
import { refused } from './refusal.ts'

/** Crops of an imported file as models that are here see them; a network is opened once. */
export function lookAt(parts: Parts): Looker {
  const known = new Map<string, Parts>([[parts.model.version, parts]])
  return {
    async ready({ hasCrops, networks }) {
      if (hasCrops) await (await parts.vision).embed(grey)
      for (const { version, onnx } of networks)
        if (!(await isNetwork(onnx, parts.threads ?? 1))) return cannotBeRun(version)
      return null
    },
    async look(png, modelVersion) {
      const version = modelVersion ?? parts.model.version
      const under = known.get(version) ?? underModel(parts, version)
      if (!under) return null
      known.set(version, under)
      const crop = await readableCrop(png)
      if (!crop) return null
      const { features, embedding } = await (await under.vision).embed(crop)
      return { modelVersion: version, features, embedding }
    },
  }
}

const grey: Picture = {
  width: cropSidePx,
  height: cropSidePx,
  rgb: new Uint8Array(cropSidePx * cropSidePx * 3).fill(128),
}

/** Whether ONNX Runtime opens it, and it makes of a crop what a recognition network makes. */
async function isNetwork(onnx: Uint8Array, threads: number): Promise<boolean> {
  const { networkOf } = await import('../vision/network.ts')
  try {
    const network = await networkOf(onnx, 'imported', threads)
    try {
      const { features, embedding } = await embedCrop(network, grey)
      const isWhole = features.length === featuresLength && embedding.length === embeddingLength
      return isWhole && [...features, ...embedding].every(Number.isFinite)
    } finally {
      await network.close()
    }
  } catch {
    return false // its words are about the file's insides
  }
}

function cannotBeRun(version: string): Refusal {
  return refused(
    'network-refused',
    `The file holds a retrained network, ${version}, that is none that can be run here. Nothing was changed.`,
  )
}
