import { cropSidePx, type Picture } from './face.ts'
import { sample } from './sample.ts'
import { squareAround, type Similarity } from './similarity.ts'

/** Central part of the kept crop that holds the recognition net's standard crop; the margin leaves room for jitter. */
export const standardSidePx = 192
/** What the recognition net takes. */
export const netSidePx = 150

/** The recognition net's own alignment, as its authors trained it (dlib's, kept by face-api.js). */
const alignment = {
  eyeMouthShare: 0.45, // mean distance from an eye to the mouth, of the standard crop's side
  centroidX: 0.5, // where the centroid of eyes and mouth lies in the standard crop
  centroidY: 0.43,
}

export interface Point {
  x: number
  y: number
}

/** Centres of the eyes and the mouth: means of their landmarks. The left eye is the picture's left one. */
export function eyesAndMouth(landmarks: ArrayLike<number>): {
  leftEye: Point
  rightEye: Point
  mouth: Point
} {
  return {
    leftEye: centre(landmarks, 36, 42),
    rightEye: centre(landmarks, 42, 48),
    mouth: centre(landmarks, 48, 68),
  }
}

/** From the pixels of the kept crop to those of the picture: upright eyes, the standard crop in the middle. */
export function alignmentOf(landmarks: ArrayLike<number>): Similarity {
  const { leftEye, rightEye, mouth } = eyesAndMouth(landmarks)
  const eyeToMouth = (apart(leftEye, mouth) + apart(rightEye, mouth)) / 2
  const side = eyeToMouth / alignment.eyeMouthShare
  const angle = Math.atan2(rightEye.y - leftEye.y, rightEye.x - leftEye.x)
  const right = (0.5 - alignment.centroidX) * side
  const down = (0.5 - alignment.centroidY) * side
  const middle = {
    x: (leftEye.x + rightEye.x + mouth.x) / 3 + right * Math.cos(angle) - down * Math.sin(angle),
    y: (leftEye.y + rightEye.y + mouth.y) / 3 + right * Math.sin(angle) + down * Math.cos(angle),
  }
  return squareAround(middle, (side * cropSidePx) / standardSidePx, angle, cropSidePx)
}

/** The crop that is kept: 256×256, upright, beyond the picture's edge its outermost pixels repeated. */
export function keptCrop(picture: Picture, landmarks: ArrayLike<number>): Picture {
  const pixels = new Uint8ClampedArray(cropSidePx * cropSidePx * 3)
  sample(picture, alignmentOf(landmarks), cropSidePx, cropSidePx, pixels)
  return { width: cropSidePx, height: cropSidePx, rgb: new Uint8Array(pixels.buffer) }
}

/** The standard crop as the recognition net takes it, [150, 150, 3] 0–255, and its mirror image after it. */
export function netInput(crop: Picture): Float32Array<ArrayBuffer> {
  if (crop.width !== cropSidePx || crop.height !== cropSidePx)
    throw new RangeError(`a kept crop is ${cropSidePx}×${cropSidePx}, not ${crop.width}×${crop.height}`)
  const length = netSidePx * netSidePx * 3
  const input = new Float32Array(2 * length)
  const centred = squareAround({ x: cropSidePx / 2, y: cropSidePx / 2 }, standardSidePx, 0, netSidePx)
  sample(crop, centred, netSidePx, netSidePx, input.subarray(0, length))
  mirror(input.subarray(0, length), netSidePx, input.subarray(length))
  return input
}

function mirror(image: Float32Array, side: number, into: Float32Array) {
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++)
      for (let channel = 0; channel < 3; channel++)
        into[(row * side + column) * 3 + channel] = image[(row * side + side - 1 - column) * 3 + channel]!
}

function centre(landmarks: ArrayLike<number>, first: number, end: number): Point {
  let x = 0
  let y = 0
  for (let i = first; i < end; i++) {
    x += landmarks[i * 2]!
    y += landmarks[i * 2 + 1]!
  }
  return { x: x / (end - first), y: y / (end - first) }
}

export const apart = (first: Point, second: Point) => Math.hypot(first.x - second.x, first.y - second.y)
