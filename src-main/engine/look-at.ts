import type { Refusal } from '../contract.ts'
import type { Looker } from '../gallery/imported-photographs.ts'
import { embedCrop } from '../vision/embedder.ts'
import { cropSidePx, embeddingLength, featuresLength, type Picture } from '../vision/face.ts'
import type { Network } from '../vision/network.ts'
import { underModel } from './model-in-use.ts'
import type { Parts } from './parts.ts'
import { readableCrop } from './re-embedding.ts'
import { refused } from './refusal.ts'
import { rebuiltNetwork } from './retraining/foreign-network.ts'

/** Crops of an imported file as models that are here see them; of its networks only the numbers are taken. */
export function lookAt(parts: Parts): Looker {
  const known = new Map<string, Parts>([[parts.model.version, parts]])
  return {
    async ready({ hasCrops, networks }) {
      if (hasCrops) await (await parts.vision).embed(grey)
      const rebuilt = new Map<string, Uint8Array>()
      for (const { version, onnx } of networks) {
        const network = await rebuiltNetwork(onnx, parts.threads ?? 1)
        if (network.kind === 'refused') return cannotBeRun(version)
        if (!(await embeds(network.network).finally(() => network.network.close())))
          return cannotBeRun(version)
        rebuilt.set(version, network.onnx)
      }
      return { kind: 'ready', networks: rebuilt }
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

/** Whether it makes of a crop what a recognition network makes: numbers may be too large for it. */
async function embeds(network: Network): Promise<boolean> {
  const { features, embedding } = await embedCrop(network, grey)
  const isWhole = features.length === featuresLength && embedding.length === embeddingLength
  return isWhole && [...features, ...embedding].every(Number.isFinite)
}

function cannotBeRun(version: string): Refusal {
  return refused(
    'network-refused',
    `The file holds a retrained network, ${version}, that is none that can be run here. Nothing was changed.`,
  )
}
