import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import sharp from 'sharp'

/** Files that cannot be looked at, and the stable word each is refused with. */
export const badFiles = {
  'empty.jpg': 'file-empty',
  'truncated.jpg': 'file-damaged',
  'text.jpg': 'not-a-picture',
  'one-pixel.png': 'picture-too-small',
  'huge-header.png': 'picture-too-large',
  'bomb.png': 'picture-too-large',
  'phone.heic': 'format-not-supported',
  'program.png': 'not-a-picture',
} as const

/** Writes them into a folder. */
export async function writeBadFiles(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const write = (name: keyof typeof badFiles, bytes: Uint8Array | string) =>
    writeFileSync(join(folder, name), bytes)
  const noise = Buffer.from(Array.from({ length: 200 * 200 * 3 }, (_, i) => (i * 7919) % 256))
  const jpeg = await sharp(noise, { raw: { width: 200, height: 200, channels: 3 } })
    .jpeg()
    .toBuffer()
  write('empty.jpg', '')
  write('truncated.jpg', jpeg.subarray(0, jpeg.length / 3))
  write('text.jpg', 'This is a text that calls itself a photograph.\n')
  write('one-pixel.png', await onePixel())
  write('huge-header.png', png(20_000, 20_000, Buffer.alloc(0)))
  write('bomb.png', png(60_000, 60_000, deflateSync(Buffer.alloc(30_000_000)))) // 30 kB that inflate to 30 MB and more
  write('phone.heic', heicHeader())
  write('program.png', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]))
}

const onePixel = () =>
  sharp({ create: { width: 1, height: 1, channels: 3, background: 'white' } })
    .png()
    .toBuffer()

/** A PNG whose header claims a size, whatever its pixels hold. */
function png(width: number, height: number, pixels: Buffer): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8) // 8 bits, RGB
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(body.length)
  check.writeUInt32BE(crc32(named))
  return Buffer.concat([length, named, check])
}

/** CRC-32 as PNG wants it (ISO 3309), bit by bit. */
function crc32(bytes: Buffer): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}

function heicHeader(): Buffer {
  const box = Buffer.alloc(24)
  box.writeUInt32BE(24)
  box.write('ftypheic', 4, 'latin1')
  box.write('mif1heic', 16, 'latin1')
  return Buffer.concat([box, Buffer.alloc(100)])
}
