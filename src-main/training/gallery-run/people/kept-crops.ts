import type { Gallery } from '../../../gallery/gallery.ts'
import { cropSidePx, type Picture } from '../../../vision/face.ts'
import { cropFromPng } from '../../../vision/kept-crop.ts'
import { remembering } from '../../feeding/batches.ts'

/** Photographs to train or judge on, row by row: whose each is, what the model in use makes of it, and its kept crop. */
export interface Crops {
  /** Equal where the person is. */
  people: Int32Array
  vectors: Float32Array // rows × dimension, unit length
  crop(row: number): Promise<Picture>
  /** The crop as it is kept, where it can be handed to another thread. */
  png?(row: number): Uint8Array
}

/** Kept crops by row: of enrolled photographs, of strangers, of probes that were decided wrongly. */
export function keptCrops(
  gallery: Gallery,
  kind: 'photograph' | 'stranger' | 'probe',
  numbers: readonly number[],
): Required<Pick<Crops, 'crop' | 'png'>> {
  const stored = (number: number) =>
    kind === 'photograph'
      ? gallery.crop(number)
      : kind === 'stranger'
        ? gallery.cohorts.strangerCrop(number)
        : gallery.hardExamples.crop(number)
  const unreadable = (row: number) =>
    new Error(`The kept crop of ${kind} ${numbers[row]} cannot be read (any more).`)
  const png = (row: number) => {
    const bytes = stored(numbers[row]!)
    if (!bytes) throw unreadable(row)
    return bytes
  }
  const crop = remembering(async (row) => {
    const picture = await cropFromPng(png(row))
    if (picture.width !== cropSidePx || picture.height !== cropSidePx) throw unreadable(row)
    return picture
  })
  return { crop, png }
}
