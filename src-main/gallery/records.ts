import type {
  AttemptId,
  AttemptOutcome,
  CohortId,
  CohortPhotographId,
  ComparisonForm,
  HardExample,
  PersonId,
  PhotographId,
  QualityMeasure,
  View,
} from '../contract.ts'

/** Someone to enrol: `consentAt` is when they agreed, ms since 1970. */
export interface NewPerson {
  name: string
  consentAt: number
  skippedViews: View[]
}

export interface Person extends NewPerson {
  person: PersonId
  enrolledAt: number // ms since 1970
  photographs: number
  lastVerifiedAt: number | null // ms since 1970; the last match
}

/** What a photograph's own file said of its taking. */
export interface TakenWith {
  /** Whether `capturedAt` is when it was taken; else when it was handed in. */
  dated: boolean
  camera: string | null // "Canon EOS 5D"
}

/** A photograph as it is handed in: the kept crop, never the whole picture. */
export interface NewPhotograph {
  /** Lossless PNG of the 256×256 crop; null where the owner chose not to keep crops. */
  crop: Uint8Array | null
  /** SHA-256 of the crop's pixels: tells the same photograph twice. */
  cropHash: string
  capturedAt: number // ms since 1970
  source: 'camera' | 'file'
  /** Of a file that says so. */
  taken?: TakenWith
  view: View | null
  quality: QualityMeasure[]
  modelVersion: string
  features: Float32Array
  embedding: Float32Array // unit length
}

/** A photograph as it is kept. Its crop, and its embedding under one of several models, are asked for by themselves. */
export interface Photograph {
  photograph: PhotographId
  person: PersonId
  cropHash: string
  hasCrop: boolean
  capturedAt: number // ms since 1970
  source: 'camera' | 'file'
  /** Of a file that says so. */
  taken?: TakenWith
  view: View | null
  quality: QualityMeasure[]
}

export interface StoredEmbedding {
  photograph: PhotographId
  person: PersonId
  embedding: Float32Array // unit length
}

export interface StoredFeatures {
  photograph: PhotographId
  person: PersonId
  features: Float32Array
}

/** A photograph that one model version has not embedded yet; without its crop it never can. */
export interface StalePhotograph {
  photograph: PhotographId
  person: PersonId
  hasCrop: boolean
}

/** What a probe is compared with: the unit-length mean of a person's embeddings under one model version. */
export interface Template {
  person: PersonId
  modelVersion: string
  embedding: Float32Array // unit length
  photographs: number
}

export type TemplateOutcome =
  | { kind: 'template'; template: Template }
  /** There are photographs, but none embedded by the version asked for: re-embed them, never compare across. */
  | { kind: 'other-version'; modelVersions: string[] }
  /** Nobody of that number, or nobody's photographs. */
  | { kind: 'none' }

export interface NewAttempt {
  at: number // ms since 1970
  person: PersonId | null
  claim: string
  outcome: AttemptOutcome
  distance: number | null
  threshold: number | null
  form: ComparisonForm
  modelVersion: string
}

export interface StoredAttempt extends NewAttempt {
  attempt: AttemptId
}

/** Failures ('no-match') in a row since the last match; `lastAt` is when the newest of them was. */
export interface RecentFailures {
  failures: number
  lastAt: number | null // ms since 1970
}

/** Pairs the user has looked at: two people who are two, and two photographs of one person that do not show one. */
export interface NotSame {
  people: [PersonId, PersonId][] // the smaller number first
  photographs: [PhotographId, PhotographId][] // the smaller number first
}

/** A photograph of somebody who is not enrolled: a crop and a number, never a name. */
export interface NewStranger {
  /** Equal within a cohort where it is the same person. */
  stranger: number
  crop: Uint8Array // lossless PNG of the 256×256 crop
  cropHash: string
  modelVersion: string
  embedding: Float32Array // unit length
}

/** A photograph of a cohort as it is kept. */
export interface Stranger {
  photograph: CohortPhotographId
  cohort: CohortId
  stranger: number
  /** What the crop is known again by, in any cohort (`trained-on.ts`); null where it was not looked at yet. */
  crop: string | null
  mayTrain: boolean
}

export interface StrangerEmbedding {
  photograph: CohortPhotographId
  cohort: CohortId
  stranger: number
  embedding: Float32Array // unit length
}

/** A probe that was decided wrongly, as it is handed in with consent. */
export interface NewHardExample {
  kind: HardExample['kind']
  /** Who was claimed. */
  person: PersonId
  distance: number
  crop: Uint8Array // lossless PNG of the 256×256 crop
  cropHash: string
  modelVersion: string
  features: Float32Array
  embedding: Float32Array // unit length
}

export interface HardExampleEmbedding {
  id: number
  kind: HardExample['kind']
  person: PersonId
  features: Float32Array
  embedding: Float32Array // unit length
}

export interface StaleStranger {
  photograph: CohortPhotographId
}
