import sharp, { type Sharp } from 'sharp'
import { random } from '../../src-main/learning/random.ts'
import type { Picture } from '../../src-main/vision/face.ts'

/** What happens to hard probes, by turns. */
export const hardships = ['darkened', 'blurred', 'shrunk'] as const
export type Hardship = (typeof hardships)[number]

const light = 0.2 // of each level
const sensorNoise = 4 // levels, which a dark picture cannot hide
const blurPx = 5 // deviation, of a kept crop of 256 pixels
const smallSidePx = 40 // of the whole kept crop: some 25 pixels of face

/** Every second probe is made hard, and by turns in one of three ways; null leaves it as it is. */
export function hardshipOf(probe: number): Hardship | null {
  return probe % 2 === 1 ? hardships[((probe - 1) / 2) % hardships.length]! : null
}

/** A kept crop as a camera in the dark, out of focus, or far away gives it; the same for the same probe. */
export async function madeHard(crop: Picture, hardship: Hardship, probe: number): Promise<Picture> {
  const { width, height } = crop
  const open = (rgb: Uint8Array, side: { width: number; height: number }) =>
    sharp(rgb, { raw: { ...side, channels: 3 } })
  switch (hardship) {
    case 'darkened': {
      const source = random(1, 'hard probe', probe)
      const rgb = Uint8ClampedArray.from(crop.rgb, (level) => light * level + sensorNoise * source.normal())
      return { width, height, rgb: new Uint8Array(rgb.buffer) }
    }
    case 'blurred':
      return { width, height, rgb: await bytes(open(crop.rgb, crop).blur(blurPx)) }
    case 'shrunk': {
      const small = { width: smallSidePx, height: smallSidePx }
      const shrunk = await bytes(open(crop.rgb, crop).resize(small.width, small.height, { fit: 'fill' }))
      return { width, height, rgb: await bytes(open(shrunk, small).resize(width, height, { fit: 'fill' })) }
    }
  }
}

async function bytes(picture: Sharp): Promise<Uint8Array> {
  return new Uint8Array(await picture.raw().toBuffer())
}
