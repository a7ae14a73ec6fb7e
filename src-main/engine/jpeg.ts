import type { Refusal } from '../contract.ts'
import type { Picture } from '../vision/face.ts'
import { cropFromPng, cropToJpeg } from '../vision/kept-crop.ts'
import { refused } from './refusal.ts'

/** A crop to be looked at, as plain bytes: a Node `Buffer` may drag its whole pool over the wire. */
export async function jpegOf(crop: Picture): Promise<Uint8Array> {
  return new Uint8Array(await cropToJpeg(crop))
}

/** The same of a stored crop; one that an imported file or a fault left unreadable is refused. */
export async function jpegOfStored(png: Uint8Array): Promise<{ kind: 'jpeg'; jpeg: Uint8Array } | Refusal> {
  try {
    return { kind: 'jpeg', jpeg: await jpegOf(await cropFromPng(png)) }
  } catch {
    return unreadable // the image library's words about bytes are no help to the user
  }
}

const unreadable = refused(
  'crop-unreadable',
  'The stored picture of this photograph cannot be read. What was made of it is still compared; drop it and take another to see it again.',
)
