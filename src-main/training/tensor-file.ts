import { open, readFile, rename } from 'node:fs/promises'
import type { Values } from '../learning/networks/initialise.ts'

/** Named float tensors with notes, as a safetensors file: Python and Rust open it too. */
export interface TensorFile {
  tensors: Values
  notes: Record<string, string>
}

/** Writes the file aside and renames it, so that a crash at any moment leaves the old file or the new one, whole. */
export async function writeTensorFile(path: string, { tensors, notes }: TensorFile): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: notes }
  let offset = 0
  for (const [name, values] of Object.entries(tensors)) {
    header[name] = {
      dtype: 'F32',
      shape: [values.length],
      data_offsets: [offset, (offset += values.byteLength)],
    }
  }
  let text = JSON.stringify(header)
  text += ' '.repeat((8 - (Buffer.byteLength(text) % 8)) % 8) // the format keeps the numbers aligned
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(text)))
  const parts = [
    length,
    Buffer.from(text),
    ...Object.values(tensors).map((values) =>
      Buffer.from(values.buffer, values.byteOffset, values.byteLength),
    ),
  ]
  const aside = `${path}.partial`
  const file = await open(aside, 'w')
  try {
    for (const part of parts) await file.writeFile(part)
    await file.sync() // else a power cut could leave the new name on empty blocks
  } finally {
    await file.close()
  }
  await rename(aside, path)
}

/** Reads it back. Throws when the file is cut short or is none of its kind. */
export async function readTensorFile(path: string): Promise<TensorFile> {
  const bytes = await readFile(path)
  const headerLength = bytes.length >= 8 ? Number(bytes.readBigUInt64LE(0)) : Infinity
  if (8 + headerLength > bytes.length) throw new Error(`${path} is no tensor file, or is cut short`)
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength)) as Record<
    string,
    { dtype: string; data_offsets: [number, number] }
  >
  const { __metadata__: notes = {}, ...entries } = header as typeof header & {
    __metadata__?: Record<string, string>
  }
  const tensors: Values = {}
  for (const [name, { dtype, data_offsets }] of Object.entries(entries)) {
    const [start, end] = data_offsets.map((offset) => 8 + headerLength + offset) as [number, number]
    if (dtype !== 'F32') throw new Error(`${path}: ${name} is ${dtype}, not F32`)
    if (end > bytes.length) throw new Error(`${path} is cut short: ${name} ends beyond it`)
    tensors[name] = new Float32Array(Uint8Array.from(bytes.subarray(start, end)).buffer)
  }
  return { tensors, notes: notes as unknown as Record<string, string> }
}
