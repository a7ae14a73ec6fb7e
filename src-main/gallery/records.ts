import type {
  AttemptId,
  AttemptOutcome,
  ComparisonForm,
  PersonId,
  PhotographId,
  QualityMeasure,
  View,
} from '../contract.ts'

/** A photograph as it is handed in: the kept crop, never the whole picture. */
export interface NewPhotograph {
  /** Lossless PNG of the 256×256 crop; null where the owner chose not to keep crops. */
  crop: Uint8Array | null
  /** SHA-256 of the crop's pixels: tells the same photograph twice. */
  cropHash: string
  capturedAt: number // ms since 1970
  source: 'camera' | 'file'
  view: View | null
  quality: QualityMeasure[]
  modelVersion: string
  features: Float32Array
  embedding: Float32Array // unit length
}

export interface Photograph extends Omit<NewPhotograph, 'crop' | 'features'> {
  photograph: PhotographId
  person: PersonId
}

export interface Person {
  person: PersonId
  name: string
  enrolledAt: number
  consentAt: number
  skippedViews: View[]
  photographs: number
  lastVerifiedAt: number | null
}

/** What a probe is compared with: the unit-length mean of a person's embeddings under one model version. */
export interface Template {
  person: PersonId
  modelVersion: string
  embedding: Float32Array
  photographs: number
}

export interface NewAttempt {
  at: number
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
