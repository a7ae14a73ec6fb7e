import { createHash } from 'node:crypto'
import sharp from 'sharp'
import { cropSidePx, type Picture } from './face.ts'

const raw = ({ width, height, rgb }: Picture) => sharp(rgb, { raw: { width, height, channels: 3 } })

/** The crop as PNG: lossless, so that reading it back and embedding it again gives the same numbers. */
export async function cropToPng(crop: Picture): Promise<Uint8Array> {
  return raw(crop).png({ compressionLevel: 6 }).toBuffer()
}

/** Reads back what `cropToPng` wrote, pixel for pixel; throws if the bytes are not such a PNG. */
export async function cropFromPng(png: Uint8Array): Promise<Picture> {
  const limits = { limitInputPixels: cropSidePx ** 2 } // an imported file may say that it is a picture of gigabytes
  const { data, info } = await sharp(png, limits).raw().toBuffer({ resolveWithObject: true })
  if (info.channels !== 3) throw new Error(`a kept crop has 3 channels, this one ${info.channels}`)
  return { width: info.width, height: info.height, rgb: new Uint8Array(data) }
}

/** The crop as a JPEG to be looked at. */
export async function cropToJpeg(crop: Picture, sidePx = crop.width): Promise<Uint8Array> {
  return raw(crop).resize(sidePx, sidePx).jpeg({ quality: 90 }).toBuffer()
}

/** SHA-256 of the pixels, hexadecimal: the same photograph handed in twice has the same. */
export function cropHash(crop: Picture): string {
  return createHash('sha256').update(crop.rgb).digest('hex')
}
