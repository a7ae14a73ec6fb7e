import type { Refusal } from '../contract.ts'
import type { Picture } from '../vision/face.ts'
import { cropToJpeg } from '../vision/kept-crop.ts'
import { readableCrop } from './re-embedding.ts'
import { refused } from './refusal.ts'

/** A crop to be looked at, as plain bytes: a Node `Buffer` may drag its whole pool over the wire. */
export async function jpegOf(crop: Picture): Promise<Uint8Array> {
  return new Uint8Array(await cropToJpeg(crop))
}

/** The same of a stored crop; one that no model can look at, as an imported file or a fault may have left, is refused. */
export async function jpegOfStored(png: Uint8Array): Promise<{ kind: 'jpeg'; jpeg: Uint8Array } | Refusal> {
  const crop = await readableCrop(png)
  return crop ? { kind: 'jpeg', jpeg: await jpegOf(crop) } : unreadable
}

const unreadable = refused(
  'crop-unreadable',
  'The stored picture of this photograph cannot be read. What was made of it is still compared; drop it and take another to see it again.',
)
