import type { View } from '../contract.ts'
import type { NewPhotograph } from '../gallery/records.ts'
import type { Face } from '../vision/face.ts'
import { cropHash, cropToPng } from '../vision/kept-crop.ts'

/** A face as the gallery takes it: its crop losslessly, or not at all where the owner does not want crops kept. */
export async function newPhotograph(
  photograph: { face: Face; source: 'camera' | 'file'; view: View | null; capturedAt: number },
  modelVersion: string,
  keepCrop: boolean,
): Promise<NewPhotograph> {
  const { face, source, view, capturedAt } = photograph
  return {
    crop: keepCrop ? await cropToPng(face.crop) : null,
    cropHash: cropHash(face.crop),
    capturedAt,
    source,
    view,
    quality: face.quality,
    modelVersion,
    features: face.features,
    embedding: face.embedding,
  }
}
