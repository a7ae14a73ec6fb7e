/**
 * Every call, event and result between the page (or the command line's shell) and the engine: the only file both
 * sides import. Schemas stand at the door: what passes them is trusted inside.
 */
import * as v from 'valibot'
import { retrainingCalls, type RetrainingEvents } from './contract/retraining.ts'
import type { ConditionContrast } from './evaluation/condition-contrasts.ts'
import type { DoubtedRate } from './evaluation/doubt.ts'
import type { Findings } from './evaluation/findings.ts'
import type { Forecast, StrangersCorrection } from './evaluation/forecast.ts'
import type { Form } from './evaluation/form.ts'
import type { NormalisationComparison } from './evaluation/normalisation-comparison.ts'
import type { PackedComparisons } from './evaluation/packed-comparisons.ts'
import type { Spread } from './evaluation/people-statistics.ts'
import type { PersonalThreshold } from './evaluation/personal-threshold.ts'
import type { CountedFailures } from './evaluation/transaction.ts'
import type { Animal } from './evaluation/zoo.ts'

export * from './contract/retraining.ts'

// ─── words shared by many calls ──────────────────────────────────────────────

/** A raw picture from the camera: `rgba` holds width × height × 4 bytes, row by row. */
export const Frame = v.pipe(
  v.object({
    width: v.pipe(v.number(), v.integer(), v.minValue(16), v.maxValue(8192)), // pixels
    height: v.pipe(v.number(), v.integer(), v.minValue(16), v.maxValue(8192)), // pixels
    rgba: v.instance(Uint8Array),
  }),
  v.check(
    (frame) => frame.rgba.length === frame.width * frame.height * 4,
    'rgba must hold width × height × 4 bytes',
  ),
)
export type Frame = v.InferOutput<typeof Frame>

const Id = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(Number.MAX_SAFE_INTEGER))
const Key = v.pipe(v.string(), v.minLength(1), v.maxLength(64)) // names a draft or a job
export type PersonId = number
export type PhotographId = number
export type AttemptId = number
export type DraftId = string
export type BurstId = string
/** Chosen by the caller, so that it can hear the progress of a call that has not returned yet, and cancel it. */
export type JobId = string

/** Where the head points, from the subject's own side: `left` is the subject's left. */
export const View = v.picklist(['front', 'left', 'right', 'up', 'down'])
export type View = v.InferOutput<typeof View>

/** Which kinds of evidence a distance compares. A threshold belongs to one form and to no other. */
export const ComparisonForm = v.picklist(['photograph-photograph', 'photograph-template', 'burst-template'])
export type ComparisonForm = v.InferOutput<typeof ComparisonForm>

/** Pixels of the picture it was found in; may reach over the picture's edge. */
export interface Box {
  left: number
  top: number
  width: number
  height: number
}

/** Degrees. Roll: head tilted to the picture's right is positive. Yaw: subject turned to their own left is positive. Pitch: up is positive. */
export interface Pose {
  roll: number
  yaw: number
  pitch: number
}

/** Quality components, in the words of ISO/IEC 29794-5. */
export const qualityComponents = [
  'SingleFacePresent',
  'FaceCutOff',
  'InterEyeDistance',
  'HeadPose',
  'Luminance',
  'UnderExposure',
  'OverExposure',
  'DynamicRange',
  'Sharpness',
  'EyesOpen',
] as const
export type QualityComponent = (typeof qualityComponents)[number]

/** One measured component: `sentence` tells the user what to do, and is empty where the component passes. */
export interface QualityMeasure {
  component: QualityComponent
  value: number
  limit: number
  unit: string
  passes: boolean
  sentence: string
}

// ─── results ─────────────────────────────────────────────────────────────────

export interface Status {
  home: string
  gallery: { people: number; photographs: number }
  model: { name: string; version: string }
  /** What runs the networks, as the status line shows it: "ONNX Runtime · CPU". */
  processor: string
  /** How the gallery's key is kept; `basic-text` is Linux's unprotected fallback and is said to the user. */
  keyKeeper: 'safe-storage' | 'basic-text' | 'key-file' | 'passphrase'
  /** What the user should know about how the gallery was opened, in a sentence. */
  notice?: string | null
  threshold: ThresholdInForce
  /** False while sessions are still loading; verification waits for them. */
  ready: boolean
}

/** The threshold that verification uses, and where it comes from. */
export interface ThresholdInForce {
  form: ComparisonForm
  distance: number
  wantedFmr: number
  origin:
    | {
        kind: 'card'
        people: number
        impostorPairs: number
        note: string
        /** A laxer one that was chosen here, and does not hold because Settings ask for a stricter rate. */
        insteadOf?: number
      }
    | {
        kind: 'tuned'
        people: number
        pairs: number // impostor comparisons
        at: number // ms since 1970
        /** Why it does not quite hold any more, in a sentence; null while it does. */
        stale: string | null
        strangers: string // in words
        note: string
      }
  /** Where the person has a stricter threshold of their own: `distance` is theirs, the rest is everybody's. */
  personal?: {
    everyones: number // the distance that holds for others
    at: number // ms since 1970
    /** Why it does not quite hold any more, in a sentence; null while it does. */
    stale: string | null
    reason: string
  }
}

/** The newest frame as the live preview sees it: `hint` is the first failing component's sentence. */
export interface Preview {
  faces: number
  box: Box | null
  /** 68 points, [x0, y0, x1, y1, …], in pixels of the frame. */
  landmarks: number[] | null
  pose: Pose | null
  quality: QualityMeasure[]
  hint: string | null
}

export interface PersonSummary {
  person: PersonId
  name: string
  photographs: number
  bestPhotograph: PhotographId | null
  enrolledAt: number // ms since 1970
  lastVerifiedAt: number | null
  /** Share of quality components that pass, averaged over the photographs; 0–1. */
  quality: number
  /** The nearest other person, where they are so near that they may be taken for each other. */
  confusableWith: { person: PersonId; name: string; distance: number } | null
}

export interface PhotographSummary {
  photograph: PhotographId
  capturedAt: number // ms since 1970
  source: 'camera' | 'file'
  view: View | null
  quality: QualityMeasure[]
  /** To the mean of this person's other photographs; null with a single one. */
  distanceToOthers: number | null
}

export interface PersonDetails extends PersonSummary {
  photographList: PhotographSummary[]
  skippedViews: View[]
  nearest: { person: PersonId; name: string; distance: number }[]
  genuineOverTime: { at: number; distance: number; outcome: AttemptOutcome }[]
}

export type NameRefusal = 'empty' | 'too-long' | 'control-characters' | 'taken'

export interface Refusal {
  kind: 'refused'
  reason: string // a stable word: 'no-face', 'name-empty', 'wrong-key' …
  message: string // a sentence with a way out
}

export interface DraftPhotograph {
  photograph: number // its number within the draft
  view: View | null
  source: 'camera' | 'file'
  fileName: string | null
  quality: QualityMeasure[]
  jpeg: Uint8Array // the aligned crop, to be looked at
}

export type EnrolmentWarning =
  | {
      kind: 'near-another-person'
      photograph: number
      person: PersonId
      name: string
      nearest: PhotographId
      distance: number
    }
  | { kind: 'outlier'; photograph: number; distance: number }
  | { kind: 'same-photograph-twice'; photograph: number; other: number }
  | { kind: 'more-than-one-face'; photograph: number; faces: number }

export interface EnrolmentReview {
  name: string
  photographs: DraftPhotograph[]
  skippedViews: View[]
  warnings: EnrolmentWarning[]
}

export type AttemptOutcome =
  'match' | 'no-match' | 'not-enrolled' | 'no-face' | 'several-faces' | 'poor-quality' | 'locked-out'

/** What stands behind a match or a no-match. */
export interface Evidence {
  distance: number
  threshold: ThresholdInForce
  /** threshold − distance: positive is inside. */
  margin: number
  nearestPhotograph: PhotographId | null
  bestFrame: Uint8Array // JPEG of the aligned crop
  framesUsed: number
  attempt: AttemptId
}

export type Verdict =
  | ({ kind: 'match' } & Evidence)
  | ({ kind: 'no-match'; why: string; failuresLeft: number } & Evidence)
  | { kind: 'not-enrolled'; message: string }
  | { kind: 'no-face'; message: string }
  | { kind: 'several-faces'; faces: number; message: string }
  | { kind: 'poor-quality'; measure: QualityMeasure; message: string }
  | { kind: 'locked-out'; until: number; message: string }

export interface Attempt {
  attempt: AttemptId
  at: number // ms since 1970
  /** The claimed name, or "person 7" after person 7 was forgotten. */
  claim: string
  person: PersonId | null
  outcome: AttemptOutcome
  distance: number | null
  threshold: number | null
  model: string
}

/** An attempt in the activity. */
export interface ListedAttempt extends Attempt {
  /** Until when its best frame is held in memory, to be kept with consent where the decision was wrong; null: it is not. */
  pictureUntil: number | null // ms since 1970
}

export const Settings = v.object({
  camera: v.nullable(v.pipe(v.string(), v.maxLength(512))), // device id; null: the system's first
  wantedFmr: v.pipe(v.number(), v.minValue(1e-5), v.maxValue(1e-1)), // fraction
  photographsPerPerson: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(200)),
  failuresBeforeLockOut: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100)),
  lockOutSeconds: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(86_400)), // doubles with every further failure
  keepCrops: v.boolean(), // without crops a gallery cannot be re-embedded or retrained
  theme: v.picklist(['system', 'light', 'dark']),
})
export type Settings = v.InferOutput<typeof Settings>

export const defaultSettings: Settings = {
  camera: null,
  wantedFmr: 1e-4,
  photographsPerPerson: 20,
  failuresBeforeLockOut: 5,
  lockOutSeconds: 30,
  keepCrops: true,
  theme: 'system',
}

// ─── tuning: the threshold is chosen from evidence ───────────────────────────

/** Who stands for strangers in a measurement: the other people of the gallery, people imported for it, or drawn ones. */
export const Strangers = v.variant('kind', [
  v.object({ kind: v.literal('gallery') }),
  v.object({ kind: v.literal('cohort'), cohort: v.nullable(Id) }), // null: all that were imported
  v.object({ kind: v.literal('virtual') }),
])
export type Strangers = v.InferOutput<typeof Strangers>

/** How a threshold is wished for; the same words as `evaluation/choice`. Rates are fractions. */
export const Wish = v.variant('by', [
  v.object({ by: v.literal('fmr'), fmr: v.pipe(v.number(), v.minValue(1e-7), v.maxValue(0.5)) }), // its bound is held to this
  v.object({ by: v.literal('eer') }),
  v.object({
    by: v.literal('cost'),
    falseMatch: v.pipe(v.number(), v.gtValue(0), v.maxValue(1e9)), // price
    falseNonMatch: v.pipe(v.number(), v.gtValue(0), v.maxValue(1e9)), // price
    impostorPrior: v.pipe(v.number(), v.gtValue(0), v.ltValue(1)), // share of claims
  }),
  v.object({ by: v.literal('hand'), threshold: v.pipe(v.number(), v.minValue(0), v.maxValue(2)) }),
])
export type Wish = v.InferOutput<typeof Wish>

/** What is measured. Equal subjects on an unchanged gallery give equal digits, here and on the command line. */
const TuningSubject = v.object({
  form: ComparisonForm,
  strangers: Strangers,
  /** Photographs fused into a probe, in the form burst × template alone. */
  burst: v.optional(v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(12)), 3),
})
export type TuningSubject = v.InferOutput<typeof TuningSubject>
const subject = TuningSubject.entries

/** One measurement of the gallery. `unpackComparisons(comparisons)` makes rates and bounds at any threshold without a call. */
export interface Measurement {
  kind: 'measurement'
  form: Form
  /** "photograph × template of 5", to stand beside every rate. */
  formInWords: string
  strangers: Strangers
  /** "the other people of this gallery", "40 people imported as strangers" … */
  strangersInWords: string
  model: { name: string; version: string }
  at: number // ms since 1970
  /** Enrolled people who take part, and people who stand for strangers besides them. */
  people: number
  strangerPeople: number
  photographs: number
  /** Pairs of different people that were compared: what independence is counted in at best. */
  pairsOfPeople: number
  /** What the user should know before trusting it, each a sentence: what was left out, and why. */
  notes: string[]
  comparisons: PackedComparisons
  findings: Findings
  /** Where strangers are virtual: every FMR has to go through `forecastFmr`. */
  correction: StrangersCorrection | null
  /** Everybody who takes part; `personal` is what a threshold of their own is computed from. */
  byPerson: MeasuredPerson[]
  /** Impostor distances of everybody, for `personalThresholdOf`. */
  everyone: Spread
  /** The most alike people first, photograph × photograph. */
  confusable: ConfusablePair[]
  /**
   * The people of the most alike pairs, at the greatest risk first: `nearest[claimed][presented]` is how near the one comes
   * to the other's reference, in this form; NaN on the diagonal.
   */
  matrix: { people: { person: PersonId; name: string }[]; nearest: number[][] }
  /** Distances by day, camera and light, photograph × photograph; without those of which nothing differs or is known. */
  conditions: ConditionContrast[]
  /** Attempts in the audit log that had a camera or file before them, and those of them that gave no usable face. */
  acquisition: CountedFailures
  /** What is in force for this form now. */
  inForce: ThresholdInForce
  choice: (ThresholdChoice & { stale: string | null }) | null
}

export interface MeasuredPerson {
  person: PersonId
  name: string
  photographs: number
  genuine: Spread
  /** From strangers to this person, in this form. */
  impostor: Spread
  /** How many different people these are: the `size` for `personalThresholdOf`. */
  strangers: number
  nearest: { person: PersonId; name: string } | null
  /** Doddington's and Yager's names, with a sentence each; none for most people. */
  animals: Animal[]
  sentences: string[]
}

export interface ConfusablePair {
  a: { person: PersonId; name: string }
  b: { person: PersonId; name: string }
  distances: Spread
  /** The user has looked and said that these are two people. */
  notSame: boolean
}

/** One side of a compared pair. `photograph` of the gallery and `stranger` of a cohort can be shown; a virtual one cannot. */
export interface PairSide {
  person: PersonId | null
  /** Their name, or "stranger 12". */
  name: string
  photograph: PhotographId | null
  stranger: CohortPhotographId | null
  /** How many photographs are fused on this side; `photograph` is the first of them. */
  photographs: number
}

export interface ComparedPair {
  distance: number
  probe: PairSide
  reference: PairSide
  notSame: boolean
}

/** A threshold with the evidence it was chosen from. */
export interface ThresholdChoice {
  form: Form
  threshold: number
  wish: Wish
  model: { name: string; version: string }
  /** Changes whenever a photograph or person of the gallery does. */
  gallery: string
  at: number // ms since 1970
  people: number
  strangerPeople: number
  pairsOfPeople: number
  strangers: Strangers
  strangersInWords: string
  fmr: DoubtedRate
  fnmr: DoubtedRate
  /** Where the strangers were virtual, the FMR to expect of real ones. */
  forecast: Forecast | null
}

/** A stricter threshold for one person, with what it was computed from. It is never laxer than everybody's. */
export interface PersonalChoice {
  person: PersonId
  form: Form
  threshold: number
  /** Everybody's, that it was moved from. */
  from: number
  reason: string
  model: { name: string; version: string }
  /** Changes whenever a photograph or person of the gallery does. */
  gallery: string
  at: number // ms since 1970
  strangers: Strangers
  strangersInWords: string
  /** Distances of so many other people to this person, and of everybody to everybody. */
  strangersCompared: number
  impostor: Spread
  everyone: Spread
}

/** What a threshold of their own would be for one person, and the one that is in force for them. */
export interface PersonalProposal {
  person: PersonId
  own: PersonalThreshold
  inForce: (PersonalChoice & { stale: string | null }) | null
}

export type CohortId = number
export type CohortPhotographId = number

/** People who are not enrolled, to stand for strangers: crops and numbers, no names. */
export interface Cohort {
  cohort: CohortId
  name: string
  importedAt: number // ms since 1970
  people: number
  photographs: number
  /** Never trained on unless the user said so; what was trained on does not judge that training. */
  mayTrain: boolean
}

// ─── calls ───────────────────────────────────────────────────────────────────

/** A name is kept exactly as typed; what is refused is said by `Refusal.reason`, so only its size is checked here. */
const Name = v.pipe(v.string(), v.maxLength(20_000))
const FileBytes = v.pipe(
  v.instance(Uint8Array),
  v.check((bytes) => bytes.byteLength <= 256 * 1024 * 1024, 'a file may hold 256 MiB at most'),
)
const Nothing = v.optional(v.object({}), {})
const gives = <G>() => undefined as unknown as G

/** name → what it takes (checked) and what it gives (typed). */
export const calls = {
  status: { takes: Nothing, gives: gives<Status>() },
  'settings.get': { takes: Nothing, gives: gives<Settings>() },
  'settings.set': { takes: v.partial(Settings), gives: gives<Settings>() },

  preview: { takes: v.object({ frame: Frame }), gives: gives<Preview>() },
  verify: {
    takes: v.object({ person: Id, frames: v.pipe(v.array(Frame), v.minLength(1), v.maxLength(12)) }),
    gives: gives<Verdict>(),
  },
  /**
   * The same while the burst is still being taken: each frame is looked at as it comes, `verify.decide` ends it with the
   * one entry in the audit log. A burst that is not ended is forgotten without one after 20 s.
   */
  'verify.begin': {
    takes: v.object({ person: Id }),
    gives: gives<{ kind: 'begun'; burst: BurstId } | Verdict>(), // a verdict where no frame is needed for it
  },
  'verify.frame': {
    takes: v.object({ burst: Key, frame: Frame }),
    gives: gives<{ kind: 'taken' } | Refusal>(), // nothing is said of what it shows
  },
  'verify.decide': { takes: v.object({ burst: Key }), gives: gives<Verdict | Refusal>() },

  people: { takes: Nothing, gives: gives<PersonSummary[]>() },
  person: { takes: v.object({ person: Id }), gives: gives<PersonDetails | Refusal>() },
  'person.rename': {
    takes: v.object({ person: Id, name: Name }),
    gives: gives<{ kind: 'renamed' } | Refusal>(),
  },
  /** `name` must be typed by the user and equal the person's own. */
  'person.forget': {
    takes: v.object({ person: Id, name: Name }),
    gives: gives<{ kind: 'forgotten' } | Refusal>(),
  },
  photograph: {
    takes: v.object({ photograph: Id }),
    gives: gives<{ kind: 'jpeg'; jpeg: Uint8Array } | Refusal>(),
  },
  'photograph.drop': { takes: v.object({ photograph: Id }), gives: gives<{ kind: 'dropped' } | Refusal>() },

  /** With `person`, photographs are added to someone already enrolled. */
  'enrol.begin': {
    takes: v.object({ name: Name, consent: v.literal(true), person: v.optional(Id) }),
    gives: gives<{ kind: 'draft'; draft: DraftId } | Refusal>(),
  },
  /** Keeps the frame if it is the best of its view so far. */
  'enrol.frame': {
    takes: v.object({ draft: Key, view: View, frame: Frame }),
    gives: gives<{ kind: 'kept'; kept: DraftPhotograph } | { kind: 'not-better' } | Refusal>(),
  },
  'enrol.file': {
    takes: v.object({ draft: Key, fileName: v.pipe(v.string(), v.maxLength(4096)), bytes: FileBytes }),
    gives: gives<{ kind: 'kept'; kept: DraftPhotograph } | Refusal>(),
  },
  'enrol.skip': {
    takes: v.object({ draft: Key, view: View }),
    gives: gives<{ kind: 'skipped' } | Refusal>(),
  },
  'enrol.drop': {
    takes: v.object({ draft: Key, photograph: Id }),
    gives: gives<{ kind: 'dropped' } | Refusal>(),
  },
  /**
   * The draft under another name, or, with `add`, to be added to whoever has that name by now. What was kept stays, but
   * for photographs that this person has already.
   */
  'enrol.rename': {
    takes: v.object({ draft: Key, name: Name, add: v.optional(v.boolean()) }),
    gives: gives<{ kind: 'renamed'; name: string; person: PersonId | null; left: number } | Refusal>(),
  },
  'enrol.review': {
    takes: v.object({ draft: Key }),
    gives: gives<({ kind: 'review' } & EnrolmentReview) | Refusal>(),
  },
  'enrol.save': {
    takes: v.object({ draft: Key }),
    gives: gives<{ kind: 'saved'; person: PersonId; photographs: number } | Refusal>(),
  },
  'enrol.discard': { takes: v.object({ draft: Key }), gives: gives<{ kind: 'discarded' }>() },

  attempts: {
    takes: v.object({
      limit: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)),
      before: v.optional(Id),
    }),
    gives: gives<ListedAttempt[]>(),
  },
  'attempts.csv': { takes: Nothing, gives: gives<{ kind: 'csv'; csv: string }>() },
  'gallery.export': {
    takes: v.object({
      passphrase: v.pipe(v.string(), v.minLength(8), v.maxLength(1024)),
      job: v.optional(Key),
    }),
    gives: gives<{ kind: 'exported'; bytes: Uint8Array } | Refusal>(),
  },
  'gallery.import': {
    takes: v.object({
      passphrase: v.pipe(v.string(), v.maxLength(1024)),
      bytes: FileBytes,
      job: v.optional(Key),
    }),
    gives: gives<
      | {
          kind: 'imported'
          people: number
          photographs: number
          skipped: string[] // names that were taken here already
          models: number
          strangers: number
          notes: string[] // what else was taken over and what was not, each a sentence
        }
      | Refusal
    >(),
  },

  /** Minutes for a large gallery: name a job to hear of it and to cancel it. Kept until the gallery changes. */
  'tune.measure': {
    takes: v.object({ ...subject, job: v.optional(Key) }),
    gives: gives<Measurement | Refusal>(),
  },
  /** The pairs behind a tail, worst first: the most alike strangers, or the least alike photographs of one person. */
  'tune.pairs': {
    takes: v.object({
      ...subject,
      tail: v.picklist(['alike-strangers', 'unlike-photographs']),
      limit: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(500)),
      person: v.optional(Id), // only pairs with this person
    }),
    gives: gives<{ kind: 'pairs'; pairs: ComparedPair[] } | Refusal>(),
  },
  /** Stores a threshold with its evidence; every window and the command line verify by it from then on. */
  'tune.choose': {
    takes: v.object({ ...subject, wish: Wish, job: v.optional(Key) }),
    gives: gives<{ kind: 'chosen'; choice: ThresholdChoice; inForce: ThresholdInForce } | Refusal>(),
  },
  /** What was chosen for each form, why it does not hold any more (null while it does), and what is in force. */
  'tune.choice': {
    takes: Nothing,
    gives: gives<{
      kind: 'choices'
      choices: (ThresholdChoice & { stale: string | null })[]
      inForce: ThresholdInForce[] // one for each form
    }>(),
  },
  'tune.forget-choice': {
    takes: v.object({ form: ComparisonForm }),
    gives: gives<{ kind: 'forgotten' } | Refusal>(),
  },
  /** A threshold for each person, moved from the one in force to where their strangers are. */
  'tune.personal': {
    takes: v.object({ ...subject, job: v.optional(Key) }),
    gives: gives<{ kind: 'personal'; from: number; people: PersonalProposal[] } | Refusal>(),
  },
  /** Takes one person's into force, if it is stricter than everybody's; refuses a laxer one. */
  'tune.choose-personal': {
    takes: v.object({ ...subject, person: Id, job: v.optional(Key) }),
    gives: gives<{ kind: 'chosen'; choice: PersonalChoice } | Refusal>(),
  },
  /** Z-, T- and S-norm against the plain distance, on people that nothing was fitted to. A look: never used by itself. */
  'tune.normalisations': {
    takes: v.object({
      ...subject,
      wantedFmr: v.pipe(v.number(), v.minValue(1e-7), v.maxValue(0.5)),
      job: v.optional(Key),
    }),
    gives: gives<NormalisationComparison | Refusal>(),
  },
  'tune.forget-personal': {
    takes: v.object({ person: Id, form: ComparisonForm }),
    gives: gives<{ kind: 'forgotten' } | Refusal>(),
  },
  /**
   * Of two people: the user has looked, they are two. Of one person's photographs: they do not show one person, so
   * they are no genuine pair until one of them is dropped. `notSame: false` takes the mark back.
   */
  'tune.not-same': {
    takes: v.object({ a: Id, b: Id, notSame: v.boolean() }), // photographs of the gallery
    gives: gives<{ kind: 'marked' } | Refusal>(),
  },
  /** To be kept: a self-contained page and the same as JSON, at a threshold (else the one in force). */
  'tune.report': {
    takes: v.object({
      ...subject,
      threshold: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(2))),
      photographs: v.optional(v.boolean(), false), // crops of the worst pairs, and names
      job: v.optional(Key),
    }),
    gives: gives<{ kind: 'report'; html: string; json: string } | Refusal>(),
  },

  'cohort.list': { takes: Nothing, gives: gives<Cohort[]>() },
  'cohort.begin': {
    takes: v.object({ name: Name }),
    gives: gives<{ kind: 'cohort'; cohort: CohortId } | Refusal>(),
  },
  /** One photograph of a stranger, kept at once as its crop. `stranger` numbers the people: equal where it is one person. */
  'cohort.file': {
    takes: v.object({
      cohort: Id,
      stranger: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000)),
      fileName: v.pipe(v.string(), v.maxLength(4096)),
      bytes: FileBytes,
    }),
    gives: gives<{ kind: 'kept'; photograph: CohortPhotographId } | Refusal>(),
  },
  /** A crop to be looked at. */
  'cohort.photograph': {
    takes: v.object({ photograph: Id }),
    gives: gives<{ kind: 'jpeg'; jpeg: Uint8Array } | Refusal>(),
  },
  /** For the one who turns out to be enrolled. */
  'cohort.drop': { takes: v.object({ photograph: Id }), gives: gives<{ kind: 'dropped' } | Refusal>() },
  'cohort.remove': { takes: v.object({ cohort: Id }), gives: gives<{ kind: 'removed' } | Refusal>() },
  'cohort.allow-training': {
    takes: v.object({ cohort: Id, mayTrain: v.boolean() }),
    gives: gives<{ kind: 'set' } | Refusal>(),
  },

  ...retrainingCalls,

  'job.cancel': { takes: v.object({ job: Key }), gives: gives<{ kind: 'cancelled' } | Refusal>() },
} as const

export type CallName = keyof typeof calls
export type Takes<N extends CallName> = v.InferOutput<(typeof calls)[N]['takes']>
export type Gives<N extends CallName> = (typeof calls)[N]['gives']

/** What the engine tells without being asked. */
export interface Events extends RetrainingEvents {
  /** Someone, in any window or on the command line, changed the gallery. */
  'gallery-changed': Record<string, never>
  'settings-changed': Settings
  'status-changed': Status
  progress: { job: JobId; done: number; total: number; remainingMs: number | null; what: string }
}
export type EventName = keyof Events

/** The page's whole view of the engine, whichever shell carries it. */
export interface EnginePort {
  call<N extends CallName>(name: N, takes: Takes<N>): Promise<Gives<N>>
  on<E extends EventName>(name: E, hear: (event: Events[E]) => void): () => void
}

/** Whether calls reach the engine now; `retryAt`, ms since 1970, is when the next attempt to reach it begins. */
export type Connection =
  { kind: 'connecting' } | { kind: 'open' } | { kind: 'lost'; retryAt: number; reason: string }

/** The engine as a carrier gives it to the page (a socket, or the desktop's bridge), and whether the line holds. */
export interface CarriedEngine extends EnginePort {
  watch(hear: (connection: Connection) => void): () => void
  /** Tries again now instead of waiting for `retryAt`. */
  reconnect(): void
}

// ─── on the wire (MessagePort in Electron, WebSocket on localhost) ───────────

export type Request = { id: number; call: string; takes: unknown }
export type Reply =
  | { id: number; gives: unknown }
  | { id: number; fault: { kind: 'unknown-call' | 'bad-arguments' | 'fault'; message: string } }
  | { event: EventName; body: unknown }
