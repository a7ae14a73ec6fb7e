import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'
import sharp from 'sharp'
import { random } from '../../src-main/learning/random.ts'

/** Four classes of stripes, each in another direction, with noise: `folder/flat/0.png`, … */
export async function writeStripes(folder: string, each = 6, side = 16): Promise<void> {
  for (const [label, name] of ['flat', 'steep', 'upright', 'falling'].entries()) {
    mkdirSync(join(folder, name), { recursive: true })
    for (let file = 0; file < each; file++)
      writeFileSync(join(folder, name, `${file}.png`), await stripes(label, file, side))
  }
}

export function stripes(label: number, file: number, side: number): Promise<Buffer> {
  const source = random(1, label, file)
  const angle = (Math.PI * label) / 4
  const pixels = Uint8Array.from({ length: side * side }, (_, i) => {
    const along = (i % side) * Math.cos(angle) + Math.floor(i / side) * Math.sin(angle)
    return 127 + 80 * Math.sin(along * 1.3) + 15 * source.normal()
  })
  return sharp(pixels, { raw: { width: side, height: side, channels: 1 } })
    .png()
    .toBuffer()
}

/** Two idx files of blots at a place of their own for each digit. */
export function writeDigits(folder: string, prefix: string, count: number, side = 12): void {
  mkdirSync(folder, { recursive: true })
  const header = (type: number, ...shape: number[]) => {
    const bytes = Buffer.alloc(4 + 4 * shape.length)
    bytes.writeUInt32BE(0x800 + type)
    shape.forEach((length, i) => bytes.writeUInt32BE(length, 4 + 4 * i))
    return bytes
  }
  const source = random(7, prefix)
  const pixels = Buffer.alloc(count * side * side)
  for (let i = 0; i < count; i++)
    for (let p = 0; p < side * side; p++) {
      const digit = i % 3
      const near = Math.hypot((p % side) - 2 - 4 * digit, Math.floor(p / side) - 6) < 2.5
      pixels[i * side * side + p] = Math.max(0, Math.min(255, (near ? 220 : 20) + 20 * source.normal()))
    }
  const labels = Buffer.from(Array.from({ length: count }, (_, i) => i % 3))
  writeFileSync(
    join(folder, `${prefix}-images-idx3-ubyte`),
    Buffer.concat([header(3, count, side, side), pixels]),
  )
  writeFileSync(join(folder, `${prefix}-labels-idx1-ubyte`), Buffer.concat([header(1, count), labels]))
}

/** A zip file as PKWARE's APPNOTE 6.3 lays it out; every second file stored, the others deflated. */
export function zipOf(files: Record<string, Uint8Array>): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [i, [name, content]] of Object.entries(files).entries()) {
    const packed = i % 2 ? Buffer.from(content) : deflateRawSync(content)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(i % 2 ? 0 : 8, 4)
    common.writeUInt32LE(crc32(content), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(content.length, 18)
    common.writeUInt16LE(Buffer.byteLength(name), 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, Buffer.from(name), packed])
    const entry = Buffer.alloc(46)
    entry.write('PK\x01\x02', 'latin1')
    common.copy(entry, 6)
    entry.writeUInt32LE(offset, 42)
    directory.push(entry, Buffer.from(name))
    locals.push(local)
    offset += local.length
  }
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(Object.keys(files).length, 8)
  end.writeUInt16LE(Object.keys(files).length, 10)
  end.writeUInt32LE(Buffer.concat(directory).length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, ...directory, end])
}
