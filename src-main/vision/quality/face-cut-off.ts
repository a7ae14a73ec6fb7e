import type { QualityMeasure } from '../../contract.ts'

/** Share of the box round the 68 landmarks that has to lie inside the picture: the jaw's rim may be missing, no more. */
const leastInside = 0.9

/** How much of the face, from brows to chin, lies inside the picture. */
export function faceCutOff(
  landmarks: ArrayLike<number>,
  picture: { width: number; height: number },
): QualityMeasure {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (let i = 0; i < landmarks.length; i += 2) {
    left = Math.min(left, landmarks[i]!)
    right = Math.max(right, landmarks[i]!)
    top = Math.min(top, landmarks[i + 1]!)
    bottom = Math.max(bottom, landmarks[i + 1]!)
  }
  const insideWidth = Math.max(0, Math.min(right, picture.width) - Math.max(left, 0))
  const insideHeight = Math.max(0, Math.min(bottom, picture.height) - Math.max(top, 0))
  const inside = (insideWidth * insideHeight) / ((right - left) * (bottom - top))
  const passes = inside >= leastInside
  return {
    component: 'FaceCutOff',
    value: inside,
    limit: leastInside,
    unit: 'share inside',
    passes,
    sentence: passes
      ? ''
      : `Move into the picture: ${percent(inside)} of your face can be seen, ${percent(leastInside)} are needed`,
  }
}

const percent = (share: number) => `${Math.floor(share * 100)} %`
