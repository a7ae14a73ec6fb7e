import { decode, encode } from '@msgpack/msgpack'
import * as v from 'valibot'
import { ComparisonForm, qualityComponents, Settings, Strangers, View, Wish } from '../contract.ts'
import type { PersonalChoice, ThresholdChoice } from '../contract.ts'
import { cropSidePx } from '../vision/face.ts'
import { nameRefusal } from './person-name.ts'
import { cropIdBytes } from './trained-on.ts'
import { modelEventKinds, type InUseRecord, type ModelEvent } from './versions-in-use.ts'

// The file's owner knows its passphrase, its reader may not know its owner: what is inside is checked as anything
// else that comes from outside.

const Time = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(8.64e15)) // ms since 1970; the last a Date can be
// Shown on a terminal and on a page: nothing in them moves a cursor.
const noControl = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*$/u
const Word = v.pipe(v.string(), v.maxLength(1000), v.regex(noControl))
const Sentence = v.pipe(v.string(), v.maxLength(5000), v.regex(noControl))
const Finite = v.pipe(v.number(), v.finite())
const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const Bytes = v.custom<Uint8Array>((value) => value instanceof Uint8Array, 'bytes')
/** What somebody or something was called in the gallery that was exported; those that come after it stay exact numbers. */
const Id = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(2 ** 50))
const Rate = v.pipe(v.number(), v.minValue(0), v.maxValue(1))

/** float32, little-endian, as bytes in the file. */
const vector = (mostNumbers: number) =>
  v.pipe(
    Bytes,
    v.check(({ length }) => length > 0 && length <= 4 * mostNumbers && length % 4 === 0, 'a vector'),
    v.transform((bytes): Float32Array => new Float32Array(new Uint8Array(bytes).buffer)),
    v.check((numbers) => numbers.every(Number.isFinite), 'finite numbers'),
  )
const Vector = vector(8192)
const UnitVector = v.pipe(
  Vector,
  v.check((numbers) => Math.abs(Math.hypot(...numbers) - 1) < 1e-3, 'unit length'),
)
const Png = v.pipe(
  Bytes,
  v.check((png) => png.length <= 2 ** 20 && startsAsCrop(png), 'a crop as PNG'), // 256×256×4 bytes is 2^18
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

const embeddings = <E extends v.GenericSchema>(Embedding: E, fewest = 1) =>
  v.pipe(v.array(Embedding), v.minLength(fewest), v.maxLength(1000))
const Seen = v.object({ modelVersion: Word, embedding: UnitVector, features: Vector })

const Photograph = v.object({
  number: v.optional(Id),
  crop: v.nullable(Png),
  cropHash: Word,
  capturedAt: Time,
  source: v.picklist(['camera', 'file']),
  taken: v.optional(v.object({ dated: v.boolean(), camera: v.nullable(Word) })),
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
  embeddings: embeddings(Seen),
})

const Form = v.object({
  form: ComparisonForm,
  templatePhotographs: Count,
  burstPhotographs: Count,
})
const Model = v.object({ name: Word, version: Word })
const Distance = v.pipe(v.number(), v.minValue(0), v.maxValue(2)) // Euclidean, unit-length embeddings

// What else a choice holds is shown, never computed with: it is kept as it is.
const chosen = {
  form: Form,
  threshold: Distance,
  model: Model,
  gallery: Word,
  at: Time,
  strangers: Strangers,
}
const Choice = v.pipe(
  v.looseObject({
    ...chosen,
    wish: Wish,
    people: Count,
    strangerPeople: Count,
    pairsOfPeople: Count,
    strangersInWords: Word,
    fmr: v.looseObject({ rate: Finite, upper95: Finite, people: Count, comparisons: Count }),
    fnmr: v.looseObject({ rate: Finite, upper95: Finite, people: Count, comparisons: Count }),
  }),
  v.transform((choice) => choice as unknown as ThresholdChoice),
)
const Personal = v.pipe(
  v.looseObject({ ...chosen, person: Id, from: Distance, reason: Word }),
  v.check(({ threshold, from }) => threshold <= from, 'stricter than everybody’s'),
  v.transform((choice) => choice as unknown as PersonalChoice),
)

const HardExample = v.object({
  kind: v.picklist(['not-them', 'them']),
  keptAt: Time,
  distance: Finite,
  crop: Png,
  embeddings: embeddings(Seen, 0), // of older programs; empty since, and never believed
})

const Person = v.object({
  number: v.optional(Id),
  name: v.pipe(
    v.string(),
    v.check((name) => nameRefusal(name) === null, 'a name'),
  ),
  enrolledAt: Time,
  consentAt: Time,
  skippedViews: v.pipe(v.array(View), v.maxLength(5)),
  photographs: v.array(Photograph),
  attempts: v.array(Attempt),
  personalChoices: v.optional(v.array(Personal), []),
  hardExamples: v.optional(v.array(HardExample), []),
})

const Cohort = v.object({
  number: Id,
  name: v.pipe(
    v.string(),
    v.check((name) => nameRefusal(name) === null, 'a name'),
  ),
  importedAt: Time,
  mayTrain: v.boolean(),
})

const Stranger = v.object({
  number: Id,
  cohort: Id,
  stranger: Id,
  crop: Png,
  embeddings: embeddings(v.object({ modelVersion: Word, embedding: UnitVector }), 0), // as a hard example's
})

const CardForm = v.looseObject({
  form: ComparisonForm,
  template: Id,
  burst: Id,
  people: Id,
  genuinePairs: Id,
  impostorPairs: Id,
  operatingPoints: v.array(v.looseObject({ fmr: Rate, threshold: Distance, tmr: Rate })),
})

/** What the gate said, as far as it is shown; the rest of it is kept as it is. */
const Report = v.looseObject({
  sentence: v.optional(Sentence),
  failed: v.optional(v.nullable(Word)),
  lines: v.optional(
    v.pipe(
      v.array(
        v.looseObject({
          id: Word,
          title: Sentence,
          outcome: v.picklist(['better', 'not-worse', 'worse', 'not-judged']),
          sentence: Sentence,
          before: v.nullable(v.number()),
          after: v.nullable(v.number()),
        }),
      ),
      v.maxLength(1000),
    ),
  ),
  mixed: v.optional(v.array(v.looseObject({ person: Count, photographs: Count }))),
  notes: v.optional(v.pipe(v.array(Sentence), v.maxLength(1000))),
})

/** A retrained model: exactly one of head and network is there. */
const ModelVersion = v.object({
  number: Id,
  version: Word,
  madeAt: Time,
  description: v.pipe(
    v.looseObject({
      base: Word,
      parent: Word,
      judgedAgainst: v.optional(Word),
      processor: Word,
      seconds: Finite,
      trainedOn: v.looseObject({ people: v.array(Count), photographs: Count, others: Word, hash: Word }),
      verdict: v.picklist(['promote', 'reject']),
      recipe: v.unknown(),
      report: Report,
      card: v.looseObject({ model: Word, version: Word, measuredOn: Word, forms: v.array(CardForm) }),
    }),
    v.check((description) => isHarmless(description), 'words without control characters'),
  ),
  head: v.nullable(vector(4_000_000)),
  network: v.nullable(Bytes),
  strangers: v.optional(
    v.pipe(
      Bytes,
      v.check(({ length }) => length % cropIdBytes === 0 && length <= 2 ** 26, 'crops'),
    ),
  ),
})

const InUse = v.object({
  inUse: v.nullable(Word),
  replaced: v.array(v.nullable(Word)),
  choicesOf: v.record(Word, v.array(Choice)),
}) satisfies v.GenericSchema<unknown, InUseRecord>
const Event = v.pipe(
  v.looseObject({ at: Time, kind: v.picklist(modelEventKinds) }),
  v.transform((event) => event as unknown as ModelEvent),
)

const Rest = v.object({
  settings: v.partial(Settings),
  attempts: v.array(Attempt),
  choices: v.optional(v.array(Choice), []),
  notSame: v.optional(
    v.object({ people: v.array(v.tuple([Id, Id])), photographs: v.array(v.tuple([Id, Id])) }),
    { people: [], photographs: [] },
  ),
  modelInUse: v.optional(InUse, { inUse: null, replaced: [], choicesOf: {} }),
  modelEvents: v.optional(v.array(Event), []),
})

const FileRecord = v.variant('kind', [
  v.object({ kind: v.literal('person'), person: Person }),
  v.object({ kind: v.literal('model'), model: ModelVersion }),
  v.object({ kind: v.literal('cohort'), cohort: Cohort }),
  v.object({ kind: v.literal('stranger'), stranger: Stranger }),
  v.object({ kind: v.literal('rest'), rest: Rest }),
])

export type ExportedAttempt = v.InferOutput<typeof Attempt>
export type ExportedPerson = v.InferOutput<typeof Person>
export type ExportedModel = v.InferOutput<typeof ModelVersion>
export type ExportedCohort = v.InferOutput<typeof Cohort>
export type ExportedStranger = v.InferOutput<typeof Stranger>
export type ExportedHardExample = v.InferOutput<typeof HardExample>
export type ExportedRest = v.InferOutput<typeof Rest>
export type ExportedRecord = v.InferOutput<typeof FileRecord>

/** All that a file holds. What an older version of the program left out is empty. */
export interface ExportedGallery {
  people: ExportedPerson[]
  models: ExportedModel[]
  cohorts: ExportedCohort[]
  strangers: ExportedStranger[]
  rest: ExportedRest
}

/** A record's length in four bytes, then its MessagePack. */
export function encodeRecord(record: ExportedRecord): Uint8Array {
  const body = encode(record, { ignoreUndefined: true })
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

/** Null where anything in the file is not as `encodeRecord` writes it. */
export function decodeRecords(plain: Buffer): ExportedGallery | null {
  const found: Omit<ExportedGallery, 'rest'> = { people: [], models: [], cohorts: [], strangers: [] }
  let rest: ExportedRest | null = null
  try {
    for (let at = 0; at < plain.length;) {
      const end = at + 4 + plain.readUInt32BE(at)
      if (end > plain.length || rest) return null
      const decoded = decode(plain.subarray(at + 4, end), sizes)
      if (!isShallow(decoded)) return null
      const record = v.parse(FileRecord, decoded)
      switch (record.kind) {
        case 'person':
          found.people.push(record.person)
          break
        case 'model':
          found.models.push(record.model)
          break
        case 'cohort':
          found.cohorts.push(record.cohort)
          break
        case 'stranger':
          found.strangers.push(record.stranger)
          break
        case 'rest':
          rest = record.rest
      }
      at = end
    }
  } catch {
    return null // the library's words about bytes are no help to the user
  }
  return rest && { ...found, rest }
}

/** No length in the file makes us set aside more than that. */
const sizes = { maxArrayLength: 1_000_000, maxMapLength: 1000, maxExtLength: 0 }

/** What is kept as it is goes through functions that call themselves: nothing is nested deeper than anything of ours. */
function isShallow(value: unknown): boolean {
  let [level, depth] = [[value], 0]
  for (; level.length > 0 && depth <= deepest; depth++) level = level.flatMap(inside)
  return level.length === 0
}

const deepest = 24 // a report has six

/** Whether no text anywhere in it moves a cursor. */
function isHarmless(value: unknown): boolean {
  if (typeof value === 'string') return noControl.test(value)
  return inside(value).every(isHarmless)
}

function inside(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return []
  return Array.isArray(value) ? value : [...Object.keys(value), ...Object.values(value)]
}

/** A PNG whose header says the size of a kept crop (https://www.w3.org/TR/png-3/#11IHDR): all that is shown is looked at. */
function startsAsCrop(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.subarray(0, 24))
  return (
    start.length === 24 &&
    start.toString('latin1', 0, 8) === '\x89PNG\r\n\x1a\n' &&
    start.readUInt32BE(16) === cropSidePx &&
    start.readUInt32BE(20) === cropSidePx
  )
}
