import { decode, encode } from '@msgpack/msgpack'
import * as v from 'valibot'
import { ComparisonForm, qualityComponents, Settings, View } from '../contract.ts'
import { nameRefusal } from './person-name.ts'

// The file's owner knows its passphrase, its reader may not know its owner: what is inside is checked as anything
// else that comes from outside.

const Time = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(8.64e15)) // ms since 1970; the last a Date can be
const Word = v.pipe(v.string(), v.maxLength(1000))
const Finite = v.pipe(v.number(), v.finite())
const Bytes = v.custom<Uint8Array>((value) => value instanceof Uint8Array, 'bytes')

/** float32, little-endian, as bytes in the file. */
const Vector = v.pipe(
  Bytes,
  v.check((bytes) => bytes.length > 0 && bytes.length <= 4 * 8192 && bytes.length % 4 === 0, 'a vector'),
  v.transform((bytes): Float32Array => new Float32Array(new Uint8Array(bytes).buffer)),
  v.check((vector) => vector.every(Number.isFinite), 'finite numbers'),
)
const UnitVector = v.pipe(
  Vector,
  v.check((vector) => Math.abs(Math.hypot(...vector) - 1) < 1e-3, 'unit length'),
)

const Attempt = v.object({
  at: Time,
  claim: v.pipe(v.string(), v.maxLength(20_000)),
  outcome: v.picklist([
    'match',
    'no-match',
    'not-enrolled',
    'no-face',
    'several-faces',
    'poor-quality',
    'locked-out',
  ]),
  distance: v.nullable(Finite),
  threshold: v.nullable(Finite),
  form: ComparisonForm,
  modelVersion: Word,
})

const Photograph = v.object({
  crop: v.nullable(
    v.pipe(
      Bytes,
      v.check((png) => png.length <= 2 ** 20 && startsAsPng(png), 'a PNG'), // 256×256×4 bytes is 2^18
    ),
  ),
  cropHash: Word,
  capturedAt: Time,
  source: v.picklist(['camera', 'file']),
  view: v.nullable(View),
  quality: v.pipe(
    v.array(
      v.object({
        component: v.picklist(qualityComponents),
        value: Finite,
        limit: Finite,
        unit: Word,
        passes: v.boolean(),
        sentence: Word,
      }),
    ),
    v.maxLength(qualityComponents.length),
  ),
  embeddings: v.pipe(
    v.array(v.object({ modelVersion: Word, embedding: UnitVector, features: Vector })),
    v.minLength(1),
    v.maxLength(1000),
  ),
})

const Person = v.object({
  name: v.pipe(
    v.string(),
    v.check((name) => nameRefusal(name) === null, 'a name'),
  ),
  enrolledAt: Time,
  consentAt: Time,
  skippedViews: v.pipe(v.array(View), v.maxLength(5)),
  photographs: v.array(Photograph),
  attempts: v.array(Attempt),
})

const Rest = v.object({ settings: v.partial(Settings), attempts: v.array(Attempt) })

const FileRecord = v.variant('kind', [
  v.object({ kind: v.literal('person'), person: Person }),
  v.object({ kind: v.literal('rest'), rest: Rest }),
])

export type ExportedAttempt = v.InferOutput<typeof Attempt>
export type ExportedPerson = v.InferOutput<typeof Person>
export type ExportedRest = v.InferOutput<typeof Rest>
export type ExportedRecord = { kind: 'person'; person: ExportedPerson } | { kind: 'rest'; rest: ExportedRest }

/** A record's length in four bytes, then its MessagePack. */
export function encodeRecord(record: ExportedRecord): Uint8Array {
  const body = encode(record)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

/** Null where anything in the file is not as `encodeRecord` writes it. */
export function decodeRecords(plain: Buffer): { people: ExportedPerson[]; rest: ExportedRest } | null {
  const people: ExportedPerson[] = []
  let rest: ExportedRest | null = null
  try {
    for (let at = 0; at < plain.length;) {
      const end = at + 4 + plain.readUInt32BE(at)
      if (end > plain.length || rest) return null
      const record = v.parse(FileRecord, decode(plain.subarray(at + 4, end), sizes))
      if (record.kind === 'person') people.push(record.person)
      else rest = record.rest
      at = end
    }
  } catch {
    return null // the library's words about bytes are no help to the user
  }
  return rest && { people, rest }
}

/** No length in the file makes us set aside more than that. */
const sizes = { maxArrayLength: 1_000_000, maxMapLength: 64, maxExtLength: 0 }

function startsAsPng(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 8)).toString('latin1') === '\x89PNG\r\n\x1a\n'
}
