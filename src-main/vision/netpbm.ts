import type { Picture } from './face.ts'

/** What a Netpbm header says: `pixelsAt` is the offset of the first pixel. */
export interface NetpbmHeader {
  format: 'P2' | 'P3' | 'P5' | 'P6'
  width: number
  height: number
  maximum: number // value of white
  pixelsAt: number
}

const isSpace = (byte: number | undefined) => byte !== undefined && (byte === 32 || (byte >= 9 && byte <= 13))
const hash = 0x23
const newline = 0x0a

/** Reads the header of a PGM or PPM, comments included (netpbm.sourceforge.net/doc/pgm.html); null if it is none. */
export function netpbmHeader(bytes: Uint8Array): NetpbmHeader | null {
  const format = `P${String.fromCharCode(bytes[1] ?? 0)}`
  if (bytes[0] !== 0x50 || (format !== 'P2' && format !== 'P3' && format !== 'P5' && format !== 'P6'))
    return null
  if (!isSpace(bytes[2]) && bytes[2] !== hash) return null
  const reading = { at: 2 }
  const width = nextNumber(bytes, reading)
  const height = nextNumber(bytes, reading)
  const maximum = nextNumber(bytes, reading)
  if (width === null || height === null || maximum === null) return null
  if (width < 1 || height < 1 || maximum < 1 || maximum > 65_535) return null
  if (!isSpace(bytes[reading.at])) return null
  return { format, width, height, maximum, pixelsAt: reading.at + 1 } // exactly one space before binary pixels
}

/** Decodes the pixels to 8-bit RGB; null if they end too early or are no numbers. */
export function netpbmPixels(bytes: Uint8Array, header: NetpbmHeader): Picture | null {
  const { format, width, height, maximum } = header
  const channels = format === 'P3' || format === 'P6' ? 3 : 1
  const length = width * height * channels
  const next =
    format === 'P5' || format === 'P6' ? binary(bytes, header, length) : plain(bytes, header, length)
  if (next === null) return null
  const rgb = new Uint8Array(width * height * 3)
  const repeats = 3 / channels // a grey value fills red, green and blue
  for (let i = 0, to = 0; i < length; i++) {
    const value = next()
    if (value === null || value > maximum) return null
    const level = Math.round((value * 255) / maximum)
    for (let repeat = 0; repeat < repeats; repeat++) rgb[to++] = level
  }
  return { width, height, rgb }
}

type Next = () => number | null

function binary(bytes: Uint8Array, { maximum, pixelsAt }: NetpbmHeader, length: number): Next | null {
  const size = maximum > 255 ? 2 : 1 // 16-bit values come high byte first
  if (bytes.length < pixelsAt + length * size) return null
  let at = pixelsAt
  return size === 1 ? () => bytes[at++]! : () => bytes[at++]! * 256 + bytes[at++]!
}

function plain(bytes: Uint8Array, { pixelsAt }: NetpbmHeader, length: number): Next | null {
  if (bytes.length < pixelsAt + length * 2 - 1) return null // a digit and a space each, before anything is allocated
  const reading = { at: pixelsAt }
  return () => nextNumber(bytes, reading)
}

/** Skips space and comments, then reads one decimal number and stops behind it. */
function nextNumber(bytes: Uint8Array, reading: { at: number }): number | null {
  for (;;) {
    while (isSpace(bytes[reading.at])) reading.at++
    if (bytes[reading.at] !== hash) break
    while (reading.at < bytes.length && bytes[reading.at] !== newline) reading.at++
  }
  let value = 0
  let digits = 0
  for (; digits < 10; digits++, reading.at++) {
    const digit = (bytes[reading.at] ?? 0) - 48
    if (digit < 0 || digit > 9) break
    value = value * 10 + digit
  }
  return digits === 0 ? null : value
}
