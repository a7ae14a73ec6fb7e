import type { Picture } from '../vision/face.ts'
import { cropToJpeg } from '../vision/kept-crop.ts'

/** A crop to be looked at, as plain bytes: a Node `Buffer` may drag its whole pool over the wire. */
export async function jpegOf(crop: Picture): Promise<Uint8Array> {
  return new Uint8Array(await cropToJpeg(crop))
}
