import sharp from 'sharp'
import type { Picture } from '../../vision/face.ts'

const largestSidePx = 512 // no network here takes more than half of it; a phone's photograph is twelve megapixels

/** Decodes an image file, oriented and in RGB. Throws with the file's name when it cannot be read. */
export async function decodeImage(file: string): Promise<Picture> {
  try {
    const { data, info } = await sharp(file)
      .rotate()
      .resize({ width: largestSidePx, height: largestSidePx, fit: 'inside', withoutEnlargement: true })
      .flatten({ background: 'white' })
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true })
    return { width: info.width, height: info.height, rgb: threeChannels(data, info.channels) }
  } catch (error) {
    throw new Error(`${file} cannot be read as an image: ${String(error)}`, { cause: error })
  }
}

function threeChannels(pixels: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return new Uint8Array(pixels)
  const rgb = new Uint8Array((pixels.length / channels) * 3)
  for (let i = 0; i < rgb.length; i++) rgb[i] = pixels[Math.floor(i / 3) * channels]!
  return rgb
}
