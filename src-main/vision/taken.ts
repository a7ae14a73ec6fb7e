/** What a photograph's file says of its taking. Where it was taken is not read. */
export interface Taken {
  at: number | null // ms since 1970
  camera: string | null // "Canon EOS 5D"
}

export const nothingSaid: Taken = { at: null, camera: null }

/** Of TIFF 6.0 and EXIF 2.32; nothing else in the block is looked at. */
const tags = { make: 0x010f, model: 0x0110, exif: 0x8769, taken: 0x9003, offset: 0x9011 }

const limits = {
  text: 256, // bytes; a date has 20, the longest names of cameras about 60
  firstYear: 1990, // there is no EXIF of an earlier one: a camera whose clock was never set says 1970 or 1980
}

/**
 * Reads date and camera out of an EXIF block, a file's own or after `Exif\0\0`. Whatever is damaged, or no date of a
 * calendar, counts as not said; nothing throws. Read here and not by a library, because only five tags are wanted: one
 * that reads them all makes a gigabyte of 64 hostile kilobytes.
 */
export function takenOf(exif: Uint8Array): Taken {
  const head = String.fromCharCode(...exif.subarray(0, 6))
  const tiff = head === 'Exif\0\0' ? exif.subarray(6) : exif
  const bytes = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength)
  const order = tiff.length < 8 ? 0 : bytes.getUint16(0)
  if (order !== 0x4949 && order !== 0x4d4d) return nothingSaid
  const isLittle = order === 0x4949
  const image = entriesAt(bytes, bytes.getUint32(4, isLittle), isLittle)
  const exifAt = image.get(tags.exif)
  const photo =
    exifAt === undefined ? image : entriesAt(bytes, bytes.getUint32(exifAt + 8, isLittle), isLittle)
  const text = (entries: Map<number, number>, tag: number) => textAt(bytes, entries.get(tag), isLittle)
  return {
    at: instant(text(photo, tags.taken), text(photo, tags.offset)),
    camera: cameraOf(text(image, tags.make), text(image, tags.model)),
  }
}

/** Where the entry of each wanted tag begins; the first of a kind counts. */
function entriesAt(bytes: DataView, start: number, isLittle: boolean): Map<number, number> {
  const found = new Map<number, number>()
  if (start + 2 > bytes.byteLength) return found
  const end = Math.min(start + 2 + 12 * bytes.getUint16(start, isLittle), bytes.byteLength - 11)
  for (let at = start + 2; at < end; at += 12) {
    const tag = bytes.getUint16(at, isLittle)
    if (Object.values(tags).includes(tag) && !found.has(tag)) found.set(tag, at)
  }
  return found
}

/** Printable text of an entry, or nothing. */
function textAt(bytes: DataView, entry: number | undefined, isLittle: boolean): string {
  const ascii = 2
  if (entry === undefined || bytes.getUint16(entry + 2, isLittle) !== ascii) return ''
  const length = bytes.getUint32(entry + 4, isLittle)
  const start = length <= 4 ? entry + 8 : bytes.getUint32(entry + 8, isLittle)
  if (length > limits.text || start + length > bytes.byteLength) return ''
  const raw = new Uint8Array(bytes.buffer, bytes.byteOffset + start, length)
  const [text] = new TextDecoder('latin1').decode(raw).split('\0')
  return text!.replace(/[\p{Cc}\p{Cf}]/gu, ' ').trim()
}

/** "2024:05:17 14:03:59" with "+02:00", or by the clock of this machine where no zone is said. */
function instant(date: string, offset: string): number | null {
  const parts = /^(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)$/.exec(date)?.slice(1).map(Number)
  if (!parts) return null
  const [year, month, day, hour, minute, second] = parts as [number, number, number, number, number, number]
  const asUtc = new Date(Date.UTC(year, month - 1, day, hour, minute, second))
  const isOfCalendar = asUtc.getUTCMonth() === month - 1 && asUtc.getUTCDate() === day
  if (year < limits.firstYear || !isOfCalendar || hour > 23 || minute > 59 || second > 59) return null
  const zone = /^([+-])(\d\d):(\d\d)$/.exec(offset)
  if (!zone) return new Date(year, month - 1, day, hour, minute, second).getTime()
  const minutes = Number(zone[2]) * 60 + Number(zone[3])
  return asUtc.getTime() - (zone[1] === '+' ? 1 : -1) * minutes * 60_000
}

/** Make and model as one; most models begin with their make already. */
function cameraOf(make: string, model: string): string | null {
  const [firstWord] = make.split(' ')
  if (model.toLowerCase().startsWith(firstWord!.toLowerCase())) return model || null
  return `${make} ${model}`.trim()
}
