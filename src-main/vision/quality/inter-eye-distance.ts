import type { Pose, QualityMeasure } from '../../contract.ts'
import { apart, eyesAndMouth } from '../crop.ts'

/**
 * Pixels between the eyes' centres that are needed. Measured on 110 people of LFW (42 px), one photograph of each
 * shrunk: the false non-match rate at FMR 1e-3 is 2.7 % as they are, 3.6 % at 24 px, 4.5 % at 20, 7.3 % at 16 and
 * 12.7 % at 12.
 */
const least = {
  camera: 40, // twice that, as one can move closer: 80 cm from a 640×480 webcam; blur and noise take their share
  file: 20, // where it begins to matter; a file is as it is
}

/** Distance between the centres of the eyes, as it would be seen from the front. */
export function interEyeDistance(
  landmarks: ArrayLike<number>,
  { yaw }: Pose,
  source: 'camera' | 'file',
): QualityMeasure {
  const { leftEye, rightEye } = eyesAndMouth(landmarks)
  // A turned head shows its eyes nearer together though it is as near (ISO/IEC 29794-5 divides by the cosine, too).
  const distance = apart(leftEye, rightEye) / Math.max(0.5, Math.cos((yaw * Math.PI) / 180))
  const limit = least[source]
  const passes = distance >= limit
  const numbers = `your eyes are ${Math.floor(distance)} px apart, ${limit} are needed`
  return {
    component: 'InterEyeDistance',
    value: distance,
    limit,
    unit: 'px',
    passes,
    sentence: passes
      ? ''
      : source === 'camera'
        ? `Move closer: ${numbers}`
        : `The face is too small: the eyes are ${Math.floor(distance)} px apart, ${limit} are needed`,
  }
}
