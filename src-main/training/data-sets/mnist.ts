import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import type { DataSet } from './data-set.ts'

/** MNIST's idx files (LeCun et al. 1998), gzipped or not. Throws when a file is no idx file or the two do not fit. */
export async function mnist(imagesFile: string, labelsFile: string): Promise<DataSet> {
  const images = idx(await readFile(imagesFile), imagesFile, 3)
  const labels = idx(await readFile(labelsFile), labelsFile, 1)
  const [count, height, width] = images.shape as [number, number, number]
  if (count !== labels.shape[0])
    throw new Error(`${imagesFile} holds ${count} images, ${labelsFile} ${labels.shape[0]} labels`)
  const digits = [...new Set(labels.bytes)].sort((a, b) => a - b)
  return {
    classes: digits.map(String),
    labels: Int32Array.from(labels.bytes, (digit) => digits.indexOf(digit)),
    framing: 'whole',
    picture: async (index) => {
      const rgb = new Uint8Array(width * height * 3)
      for (let i = 0; i < rgb.length; i++) rgb[i] = images.bytes[index * width * height + Math.floor(i / 3)]!
      return { width, height, rgb }
    },
  }
}

/** 0, 0, type 8 (unsigned bytes), the number of dimensions, each dimension as a big-endian 32-bit number, the bytes. */
function idx(file: Buffer, name: string, dimensions: number): { shape: number[]; bytes: Uint8Array } {
  const content = file[0] === 0x1f && file[1] === 0x8b ? gunzipSync(file) : file
  const header = 4 + 4 * dimensions
  if (content.length < header || content.readUInt32BE(0) !== 0x800 + dimensions)
    throw new Error(`${name} is no idx file of ${dimensions} dimensions`)
  const shape = Array.from({ length: dimensions }, (_, i) => content.readUInt32BE(4 + 4 * i))
  const bytes = content.subarray(header)
  const expected = shape.reduce((a, b) => a * b)
  if (bytes.length !== expected) throw new Error(`${name} holds ${bytes.length} bytes, expected ${expected}`)
  return { shape, bytes }
}
