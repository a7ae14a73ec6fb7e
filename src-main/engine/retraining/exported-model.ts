import { createHash } from 'node:crypto'
import * as v from 'valibot'
import { ProtobufWriter } from '../../onnx/tracing/protobuf.ts'

// Shown on a terminal and on a page: nothing in them moves a cursor.
const Words = v.pipe(v.string(), v.maxLength(2000), v.regex(/^[^\p{Cc}\p{Cf}\p{Cs}]*$/u))
const Version = v.pipe(v.string(), v.regex(/^[A-Za-z0-9.-]{1,128}$/))
const Count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1e9))

const mostStrangers = 3_000_000 // characters: 140,000 photographs

/** What an exported model's file says of itself, in one entry of ONNX's own metadata. */
const Note = v.object({
  format: v.literal(1),
  kind: v.picklist(['pre-trained', 'head', 'network']),
  /** SHA-256 of all bytes before this entry: the ONNX model itself. */
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  version: Version,
  base: Version,
  parent: Version,
  recipe: v.unknown(),
  processor: Words,
  seconds: v.pipe(v.number(), v.minValue(0), v.maxValue(1e9)),
  trainedOn: v.object({
    people: Count,
    photographs: Count,
    others: Words,
    hash: Words,
    /**
     * Crops of strangers that trained it, sixteen bytes of a hash each, base64: whoever has the very same crop can tell
     * that it trained, and that person judges it nowhere.
     */
    strangers: v.optional(v.pipe(v.string(), v.maxLength(mostStrangers), v.regex(/^[A-Za-z0-9+/]*={0,2}$/))),
  }),
  verdict: v.picklist(['promote', 'reject']),
  report: v.unknown(),
  card: v.unknown(),
  /** Of a head: its numbers, base64 of float32, little end first. The ONNX model has it within its last layer. */
  head: v.nullable(v.pipe(v.string(), v.maxLength(1_000_000))),
})
export type Note = v.InferOutput<typeof Note>

const key = 'semblance.model'
const longestNote = 4_000_000 // characters; a head is 90,000 of them
const metadataField = 14 // ModelProto.metadata_props

/** The model with its note behind it: still one ONNX file, because fields of a protocol buffer may stand in any order. */
export function withNote(model: Uint8Array, note: Omit<Note, 'format' | 'sha256'>): Uint8Array {
  const writer = new ProtobufWriter()
  writer.message(metadataField, (entry) => {
    entry.text(1, key)
    entry.text(2, JSON.stringify({ format: 1, sha256: sha256(model), ...note } satisfies Note))
  })
  return Buffer.concat([model, writer.finish()])
}

export type ReadExport =
  | { kind: 'read'; model: Uint8Array; note: Note }
  /** Not an ONNX file; one without our note; one whose bytes are not those that were exported. */
  | { kind: 'not-onnx' | 'no-note' | 'changed' }

/** Takes a file apart without running anything in it: whatever it holds, no byte is believed before its hash is right. */
export function readExported(file: Uint8Array): ReadExport {
  const fields = fieldsOf(file)
  if (!fields?.some(({ field, bytes }) => field === 7 && bytes)) return { kind: 'not-onnx' } // ModelProto.graph
  // The note is the last thing in the file: nothing can stand behind what its hash is over.
  const last = fields.at(-1)!
  const entry = entryOf(last)
  const note = entry?.key === key && entry.value.length <= longestNote ? parsed(entry.value) : null
  if (!note) return { kind: 'no-note' }
  const model = file.subarray(0, last.start)
  return sha256(model) === note.sha256 ? { kind: 'read', model, note } : { kind: 'changed' }
}

/** The entries of an ONNX file's metadata, in their order; none where it is no such file. */
export function metadataOf(model: Uint8Array): Record<string, string> {
  const entries = (fieldsOf(model) ?? []).map(entryOf).filter((entry) => entry !== null)
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]))
}

interface Field {
  field: number
  start: number // of its tag, in the message
  bytes: Uint8Array | null // of texts, messages and blobs
}

const mostFields = 10_000 // an exported model has twelve, and two bytes can be one

/** The fields of a message; null where the bytes are none (protobuf.dev/programming-guides/encoding). */
function fieldsOf(message: Uint8Array): Field[] | null {
  const fields: Field[] = []
  for (let at = 0; at < message.length;) {
    const start = at
    const tag = varint(message, at)
    if (!tag || tag.value < 8) return null
    const [field, wire] = [Math.floor(tag.value / 8), tag.value % 8]
    const number = wire === 0 || wire === 2 ? varint(message, tag.next) : { value: 0, next: tag.next }
    if (!number || ![0, 1, 2, 5].includes(wire)) return null
    const length = { 0: 0, 1: 8, 2: number.value, 5: 4 }[wire]!
    at = number.next + length
    if (at > message.length) return null
    if (fields.length === mostFields) return null
    fields.push({ field, start, bytes: wire === 2 ? message.subarray(number.next, at) : null })
  }
  return fields
}

function entryOf({ field, bytes }: Field): { key: string; value: string } | null {
  const texts = field === metadataField && bytes ? fieldsOf(bytes) : null
  const text = (wanted: number) => texts?.find((each) => each.field === wanted)?.bytes
  const [key, value] = [text(1), text(2)]
  return key && value ? { key: inWords(key), value: inWords(value) } : null
}

const inWords = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

function parsed(text: string): Note | null {
  try {
    return v.parse(Note, JSON.parse(text))
  } catch {
    return null // refused in words by the caller
  }
}

/** Exact up to 2⁵³; null where the bytes end too early or the number is longer than any length of a file. */
function varint(bytes: Uint8Array, at: number): { value: number; next: number } | null {
  let [value, weight] = [0, 1]
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at + i]
    if (byte === undefined) return null
    value += (byte & 0x7f) * weight
    if (byte < 0x80) return { value, next: at + i + 1 }
    weight *= 128
  }
  return null
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
