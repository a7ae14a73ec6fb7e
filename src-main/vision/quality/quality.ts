import type { Box, Pose, QualityMeasure } from '../../contract.ts'
import type { Picture } from '../face.ts'
import { eyesOpen } from './eyes-open.ts'
import { faceCutOff } from './face-cut-off.ts'
import { headPose } from './head-pose.ts'
import { interEyeDistance } from './inter-eye-distance.ts'
import { dynamicRange, luminance, overExposure, underExposure, faceHistogram } from './light.ts'
import { sharpness } from './sharpness.ts'
import { singleFacePresent } from './single-face-present.ts'

/** What a face's quality is judged from. */
export interface Judged {
  picture: { width: number; height: number }
  /** Every face found in the picture. */
  boxes: readonly Box[]
  landmarks: Float32Array
  pose: Pose
  crop: Picture
  /** A camera can be moved closer or into better light at once; a file is as it is, so its limits are wider. */
  source: 'camera' | 'file'
}

/** All components of ISO/IEC 29794-5 that are measured here, in the contract's order: what to mend first comes first. */
export function judge(judged: Judged): QualityMeasure[] {
  const histogram = faceHistogram(judged.crop)
  return [
    singleFacePresent(judged.boxes),
    faceCutOff(judged.landmarks, judged.picture),
    interEyeDistance(judged.landmarks, judged.pose, judged.source),
    headPose(judged.pose),
    luminance(histogram),
    underExposure(histogram),
    overExposure(histogram),
    dynamicRange(histogram),
    sharpness(judged.crop),
    eyesOpen(judged.landmarks),
  ]
}

/** The component to tell the user about, or null where all pass. */
export function firstFailing(quality: readonly QualityMeasure[]): QualityMeasure | null {
  return quality.find(({ passes }) => !passes) ?? null
}

/** One number to choose the best of several frames by, 0–1: the share of components that pass, then sharpness. */
export function qualityScore(quality: readonly QualityMeasure[]): number {
  if (quality.length === 0) return 0
  const passing = quality.filter(({ passes }) => passes).length / quality.length
  const sharp = quality.find(({ component }) => component === 'Sharpness')
  const detail = sharp === undefined ? 0 : sharp.value / (sharp.value + sharp.limit)
  return 0.9 * passing + 0.1 * detail
}
