import type { Pose, QualityMeasure } from '../../contract.ts'
import { apart, eyesAndMouth } from '../crop.ts'

/** Pixels between the eyes' centres that are needed. */
const least = {
  camera: 40, // at 640×480 an arm's length and a half; see the README for error rates by distance
  file: 20, // a file cannot be moved closer
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
