import type { View } from '../contract.ts'
import type { NewPhotograph, TakenWith } from '../gallery/records.ts'
import type { Face } from '../vision/face.ts'
import { cropHash, cropToPng } from '../vision/kept-crop.ts'
import type { Taken } from '../vision/taken.ts'

/** When a photograph was taken, as far as that is known, else when it was handed in. */
export interface Capture {
  capturedAt: number // ms since 1970
  taken?: TakenWith
}

const dayMs = 24 * 60 * 60_000 // a camera that says no zone may be this far ahead

/** What a file says of its taking, as far as it can be: a date still to come is none. */
export function captureOf({ at, camera }: Taken, now: number): Capture {
  const dated = at !== null && at <= now + dayMs
  return {
    capturedAt: dated ? Math.min(at, now) : now,
    ...(dated || camera !== null ? { taken: { dated, camera } } : {}),
  }
}

/** A face as the gallery takes it: its crop losslessly, or not at all where the owner does not want crops kept. */
export async function newPhotograph(
  photograph: { face: Face; source: 'camera' | 'file'; view: View | null } & Capture,
  modelVersion: string,
  keepCrop: boolean,
): Promise<NewPhotograph> {
  const { face, source, view, capturedAt, taken } = photograph
  return {
    crop: keepCrop ? await cropToPng(face.crop) : null,
    cropHash: cropHash(face.crop),
    capturedAt,
    source,
    taken,
    view,
    quality: face.quality,
    modelVersion,
    features: face.features,
    embedding: face.embedding,
  }
}
