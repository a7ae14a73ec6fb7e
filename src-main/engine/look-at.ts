import type { LookAt } from '../gallery/imported-photographs.ts'
import { underModel } from './model-in-use.ts'
import type { Parts } from './parts.ts'
import { readableCrop } from './re-embedding.ts'

/** Crops of an imported file as models that are here see them; a network is opened once. */
export function lookAt(parts: Parts): LookAt {
  const known = new Map<string, Parts>([[parts.model.version, parts]])
  return async (png, modelVersion) => {
    const version = modelVersion ?? parts.model.version
    const under = known.get(version) ?? underModel(parts, version)
    if (!under) return null
    known.set(version, under)
    const crop = await readableCrop(png)
    if (!crop) return null
    const { features, embedding } = await (await under.vision).embed(crop)
    return { modelVersion: version, features, embedding }
  }
}
