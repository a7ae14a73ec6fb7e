import type { Gallery } from '../../gallery/gallery.ts'
import { cropSidePx, type Picture } from '../../vision/face.ts'
import { cropFromPng } from '../../vision/kept-crop.ts'

/** Photographs to train or judge on, row by row: whose each is, what the model in use makes of it, and its kept crop. */
export interface Crops {
  /** Equal where the person is. */
  people: Int32Array
  vectors: Float32Array // rows × dimension, unit length
  crop(row: number): Promise<Picture>
}

/** The kept crop of an enrolled photograph. Throws where none was kept, or it is no picture of ours. */
export async function enrolledCrop(gallery: Gallery, photograph: number): Promise<Picture> {
  return read(gallery.crop(photograph), `photograph ${photograph}`)
}

/** The crop of a stranger in a cohort. */
export async function strangerCrop(gallery: Gallery, photograph: number): Promise<Picture> {
  return read(gallery.strangerCrop(photograph), `a stranger’s photograph ${photograph}`)
}

/** The crop of a probe that was decided wrongly. */
export async function hardExampleCrop(gallery: Gallery, id: number): Promise<Picture> {
  return read(gallery.hardExampleCrop(id), `probe ${id}`)
}

async function read(png: Uint8Array | null, whose: string): Promise<Picture> {
  const crop = png && (await cropFromPng(png))
  if (crop?.width !== cropSidePx || crop.height !== cropSidePx)
    throw new Error(`The kept crop of ${whose} cannot be read (any more).`)
  return crop
}
