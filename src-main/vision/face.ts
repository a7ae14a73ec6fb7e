import type { Box, Pose, QualityMeasure } from '../contract.ts'

/** A decoded picture: interleaved RGB, 8 bits a channel, row by row, orientation already applied. */
export interface Picture {
  width: number // px
  height: number // px
  rgb: Uint8Array // width × height × 3
}

/**
 * One face as the pipeline leaves it. The embedding is always computed from `crop`, so that embedding a kept crop
 * again gives the same numbers.
 */
export interface Face {
  box: Box
  /** Detector's confidence, 0–1. */
  score: number
  /** 68 points, [x0, y0, x1, y1, …], in pixels of the picture. */
  landmarks: Float32Array
  pose: Pose
  /** 256×256; its central 192×192 is the recognition net's standard crop. */
  crop: Picture
  quality: QualityMeasure[]
  /** Pooled features, 256 numbers, before the last linear layer (mean over crop and mirror image). */
  features: Float32Array
  /** 128 numbers, unit length. */
  embedding: Float32Array
}

export const cropSidePx = 256
export const embeddingLength = 128
export const featuresLength = 256
