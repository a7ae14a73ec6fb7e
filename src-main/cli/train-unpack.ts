import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { crc32, inflateRawSync } from 'node:zlib'

/** Unpacks a zip file (PKWARE APPNOTE 6.3, stored and deflated, no zip64) into a folder, once. Throws with the file's name where it is no such file or leads out of the folder. */
export async function unpackOnce(zip: string, folder: string): Promise<void> {
  if (await stat(folder).catch(() => null)) return
  const bytes = await readFile(zip)
  const aside = `${folder}.partial` // what an interruption leaves is no unpacked folder
  await rm(aside, { recursive: true, force: true })
  await mkdir(aside, { recursive: true })
  for (const { name, content } of entriesOf(bytes, zip)) {
    const path = resolve(aside, name)
    if (!path.startsWith(resolve(aside) + sep)) throw new Error(`${zip}: ${name} leads out of the folder`)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, content())
  }
  await rename(aside, folder)
}

interface Entry {
  name: string
  content(): Uint8Array
}

/** The files of a zip by its central directory, which stands at the end. */
function entriesOf(bytes: Buffer, zip: string): Entry[] {
  const end = bytes.lastIndexOf('PK\x05\x06', undefined, 'latin1')
  if (end < 0) throw new Error(`${zip} is no zip file`)
  const count = bytes.readUInt16LE(end + 10)
  const entries: Entry[] = []
  for (let at = bytes.readUInt32LE(end + 16), i = 0; i < count; i++) {
    if (bytes.readUInt32LE(at) !== 0x02014b50) throw new Error(`${zip}: its directory is damaged`)
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) =>
      bytes.readUInt16LE(at + offset),
    ) as [number, number, number]
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength)
    const method = bytes.readUInt16LE(at + 10)
    const sum = bytes.readUInt32LE(at + 16)
    const packedSize = bytes.readUInt32LE(at + 20)
    const local = bytes.readUInt32LE(at + 42)
    const isFolder = name.endsWith('/')
    if (!isFolder)
      entries.push({
        name: join(name),
        content() {
          const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28)
          const packed = bytes.subarray(start, start + packedSize)
          if (method !== 0 && method !== 8)
            throw new Error(`${zip}: ${name} is packed by method ${method}, which is not known here`)
          const content = method === 0 ? packed : inflateRawSync(packed)
          if (crc32(content) !== sum) throw new Error(`${zip}: ${name} is damaged`)
          return content
        },
      })
    at += 46 + nameLength + extraLength + commentLength
  }
  return entries
}
