import type { PersonId } from '../contract.ts'
import { cropSidePx, type Picture } from '../vision/face.ts'
import { cropFromPng } from '../vision/kept-crop.ts'
import type { Job } from './jobs.ts'
import type { Parts } from './parts.ts'

/**
 * Embeds the photographs that the model in use has not embedded yet, from their kept crops, of one person or of
 * everybody. Gives how many were embedded and how many cannot be, because their crops were not kept or cannot be read.
 */
export async function reembed(
  { gallery, vision, model }: Parts,
  of?: PersonId,
  job?: Job,
): Promise<{ embedded: number; withoutCrop: number }> {
  const stale = gallery.stale(model.version).filter(({ person }) => of === undefined || person === of)
  let embedded = 0
  let withoutCrop = 0
  for (const { photograph } of stale) {
    if (job?.signal.aborted) break
    const crop = await readableCrop(gallery.crop(photograph))
    if (crop === null) {
      withoutCrop++
      continue
    }
    const { features, embedding } = await (await vision).embed(crop)
    if (job?.signal.aborted) break // the gallery may be closed by now
    // It may have been dropped meanwhile; then there is nothing to put and nothing to say.
    if (gallery.putEmbedding(photograph, model.version, features, embedding).kind === 'put') embedded++
    job?.progress(embedded + withoutCrop, stale.length, 'Reading kept photographs with the new model')
  }
  return { embedded, withoutCrop }
}

/** One crop that an imported file brought in and that is no picture of ours must not keep all the others from being read. */
export async function readableCrop(png: Uint8Array | null): Promise<Picture | null> {
  const crop = png && (await cropFromPng(png).catch(() => null))
  return crop && crop.width === cropSidePx && crop.height === cropSidePx ? crop : null
}
