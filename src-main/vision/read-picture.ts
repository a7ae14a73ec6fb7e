import sharp from 'sharp'
import type { Refusal } from '../contract.ts'
import type { Picture } from './face.ts'
import { netpbmHeader, netpbmPixels } from './netpbm.ts'
import { nothingSaid, takenOf, type Taken } from './taken.ts'

/**
 * Pixels of the largest picture that is decoded: 8192×6144, what a phone's full sensor gives. Decoded it takes 150 MB;
 * a picture that claims more is refused by its header, before anything is decoded.
 */
export const maxPixels = 8192 * 6144

/** Neither side may be shorter: no face can be told in fewer pixels. */
export const minSidePx = 16

export type ReadPicture = {
  kind: 'picture'
  picture: Picture
  /** What the user should know: "the first of 12 frames was used"; null where there is nothing to say. */
  note: string | null
  taken: Taken
}

/**
 * Decodes a photograph: JPEG, PNG, WebP, GIF, TIFF, AVIF (upright by its EXIF orientation, colours brought to sRGB, the
 * transparent made white) and PGM or PPM. Of an animation or a document the first frame or page. Anything else is
 * refused in words; `fileName` is only used in them.
 */
export async function readPicture(bytes: Uint8Array, fileName: string): Promise<ReadPicture | Refusal> {
  const name = quoted(fileName)
  if (bytes.length === 0) return refused('file-empty', `${name} is empty. Copy it again from where it came.`)
  const format = formatOf(bytes)
  switch (format) {
    case 'netpbm':
      return readNetpbm(bytes, name)
    case 'heic':
      return refused(
        'format-not-supported',
        `${name} is a HEIC picture, which cannot be read here. Save it as JPEG or PNG (on an iPhone: Settings, Camera, Formats, Most Compatible).`,
      )
    case null:
      return refused(
        'not-a-picture',
        `${name} is not a picture that can be read here. Use JPEG, PNG, WebP, GIF, TIFF, AVIF, PGM or PPM.`,
      )
    default:
      return readWithSharp(bytes, name)
  }
}

type Format = 'jpeg' | 'png' | 'gif' | 'webp' | 'tiff' | 'avif' | 'heic' | 'netpbm'

/** By its first bytes, not by its name: only these formats ever reach a decoder. */
function formatOf(bytes: Uint8Array): Format | null {
  const text = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to))
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return 'jpeg'
  if (text(0, 8) === '\x89PNG\r\n\x1a\n') return 'png'
  if (text(0, 4) === 'GIF8') return 'gif'
  if (text(0, 4) === 'RIFF' && text(8, 12) === 'WEBP') return 'webp'
  if (text(0, 4) === 'II*\0' || text(0, 4) === 'MM\0*') return 'tiff'
  if (text(4, 8) === 'ftyp') return isobmffFormat(bytes, text)
  if (netpbmHeader(bytes) !== null) return 'netpbm'
  return null
}

/** AVIF and HEIC share a container; the brands in its first box tell them apart. */
function isobmffFormat(bytes: Uint8Array, text: (from: number, to: number) => string): Format | null {
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  const brands = new Set<string>()
  for (let at = 8; at + 4 <= Math.min(size, bytes.length, 256); at += 4)
    if (at !== 12) brands.add(text(at, at + 4))
  if (brands.has('avif') || brands.has('avis')) return 'avif'
  for (const brand of ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1'])
    if (brands.has(brand)) return 'heic'
  return null
}

async function readWithSharp(bytes: Uint8Array, name: string): Promise<ReadPicture | Refusal> {
  try {
    // The header alone: the limit on pixels is ours to name, so sharp's own is off for this one look.
    const header = await sharp(bytes, { limitInputPixels: false }).metadata()
    const wrong = wrongSize(header.width, header.height, name)
    if (wrong !== null) return wrong
    const { data, info } = await sharp(bytes, {
      limitInputPixels: maxPixels,
      failOn: 'error',
      autoOrient: true,
    })
      .toColourspace('srgb')
      .flatten({ background: 'white' })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    return {
      kind: 'picture',
      picture: { width: info.width, height: info.height, rgb: threeChannels(data, info.channels) },
      note: firstOf(header.pages ?? 1, header.format === 'tiff' ? 'page' : 'frame'),
      taken: header.exif ? takenOf(header.exif) : nothingSaid,
    }
  } catch (error) {
    return damaged(name, error instanceof Error ? error.message : String(error))
  }
}

function threeChannels(pixels: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.length)
  const count = pixels.length / channels
  const rgb = new Uint8Array(count * 3)
  for (let i = 0; i < count; i++)
    for (let channel = 0; channel < 3; channel++)
      rgb[i * 3 + channel] = pixels[i * channels + (channels < 3 ? 0 : channel)]!
  return rgb
}

function readNetpbm(bytes: Uint8Array, name: string): ReadPicture | Refusal {
  const header = netpbmHeader(bytes)
  if (header === null) throw new Error('readNetpbm was given bytes without a Netpbm header')
  const wrong = wrongSize(header.width, header.height, name)
  if (wrong !== null) return wrong
  const picture = netpbmPixels(bytes, header)
  if (picture === null) return damaged(name, 'its pixels end early or are no numbers')
  return { kind: 'picture', picture, note: null, taken: nothingSaid }
}

function wrongSize(width: number, height: number, name: string): Refusal | null {
  const size = `${width.toLocaleString('en')} × ${height.toLocaleString('en')} pixels`
  if (width * height > maxPixels)
    return refused(
      'picture-too-large',
      `${name} has ${size}; ${Math.floor(maxPixels / 1e6)} million pixels are the limit. Save it smaller.`,
    )
  if (width < minSidePx || height < minSidePx)
    return refused(
      'picture-too-small',
      `${name} has ${size}: too few to show a face. Use a larger photograph.`,
    )
  return null
}

const firstOf = (count: number, what: string) =>
  count > 1 ? `the first of ${count} ${what}s was used` : null

function damaged(name: string, why: string): Refusal {
  const firstLine = why.split('\n')[0] ?? why
  return refused(
    'file-damaged',
    `${name} is damaged or cut short (${firstLine.trim()}). Copy it again from where it came.`,
  )
}

const refused = (reason: string, message: string): Refusal => ({ kind: 'refused', reason, message })

/** A name as it may stand in a sentence: without control or direction characters, and not endless. */
function quoted(fileName: string): string {
  const plain = fileName.replace(/[\p{Cc}\p{Cf}]/gu, '�')
  return `“${plain.length > 80 ? `${plain.slice(0, 60)}…${plain.slice(-16)}` : plain}”`
}
