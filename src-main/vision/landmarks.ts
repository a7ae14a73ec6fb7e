import type { Box } from '../contract.ts'
import type { Picture } from './face.ts'
import type { Network } from './network.ts'
import { sample } from './sample.ts'
import { squareAround, toSource, type Similarity } from './similarity.ts'

const sidePx = 112 // what the landmark net takes
const inputLength = sidePx * sidePx * 3
const pointCount = 68

/**
 * 68 landmarks [x0, y0, …] for each box, in pixels of the picture. They are found twice: on the detector's box, then on
 * the square that the first landmarks imply, turned upright; and each time on the mirror image too, the mean is kept.
 */
export async function locateLandmarks(
  net: Network,
  picture: Picture,
  boxes: readonly Box[],
): Promise<Float32Array[]> {
  const first = await onSquares(net, picture, boxes.map(squareOfBox))
  return onSquares(net, picture, first.map(squareOfLandmarks))
}

/** One pass on the boxes as they are, for the live preview. */
export async function locateLandmarksOnce(net: Network, picture: Picture, box: Box): Promise<Float32Array> {
  const [landmarks] = await onSquares(net, picture, [squareOfBox(box)])
  return landmarks!
}

async function onSquares(net: Network, picture: Picture, squares: Similarity[]): Promise<Float32Array[]> {
  const found: Float32Array[] = []
  for (const square of squares) {
    // One face a run, so that a face's landmarks do not depend on who else is in the picture.
    const images = new Float32Array(2 * inputLength)
    const image = sample(picture, square, sidePx, sidePx, images.subarray(0, inputLength))
    mirrorInto(image, images.subarray(inputLength))
    const { landmarks } = await net.run(images, [2, sidePx, sidePx, 3])
    found.push(toSource(meanOfMirrored(landmarks!), square))
  }
  return found
}

/** Both answers of a pair (image, mirror image), 0–1, as one in pixels of the net's input. */
function meanOfMirrored(landmarks: Float32Array): Float32Array {
  const mean = new Float32Array(pointCount * 2)
  for (let point = 0; point < pointCount; point++) {
    const mirrored = (pointCount + mirrorOf(point)) * 2
    mean[point * 2] = ((landmarks[point * 2]! + 1 - landmarks[mirrored]!) / 2) * sidePx
    mean[point * 2 + 1] = ((landmarks[point * 2 + 1]! + landmarks[mirrored + 1]!) / 2) * sidePx
  }
  return mean
}

/** The landmark that a mirror image shows in this one's place (numbering of iBUG 300-W). */
export function mirrorOf(point: number): number {
  if (point <= 16) return 16 - point // jaw
  if (point <= 26) return 43 - point // brows
  if (point <= 30) return point // bridge of the nose
  if (point <= 35) return 66 - point // its base
  if (point <= 39) return 81 - point // upper lids and corners
  if (point <= 41) return 87 - point // lower lids
  if (point <= 45) return 81 - point
  if (point <= 47) return 87 - point
  if (point <= 54) return 102 - point // outer lips, upper
  if (point <= 59) return 114 - point // outer lips, lower
  if (point <= 64) return 124 - point // inner lips, upper
  return 132 - point // inner lips, lower
}

function mirrorInto(image: Float32Array, into: Float32Array) {
  for (let row = 0; row < sidePx; row++)
    for (let column = 0; column < sidePx; column++)
      for (let channel = 0; channel < 3; channel++)
        into[(row * sidePx + column) * 3 + channel] =
          image[(row * sidePx + sidePx - 1 - column) * 3 + channel]!
}

/** The square round a detector's box. */
function squareOfBox({ left, top, width, height }: Box): Similarity {
  return squareAround({ x: left + width / 2, y: top + height / 2 }, Math.max(width, height), 0, sidePx)
}

/** The upright square round landmarks, wider by the share that face-api pads them with. */
function squareOfLandmarks(landmarks: Float32Array): Similarity {
  const padding = 1.2 // side of the square, in sides of the box round the landmarks
  const angle = rollOf(landmarks)
  const cos = Math.cos(angle)
  const sin = Math.sin(angle)
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (let i = 0; i < landmarks.length; i += 2) {
    const u = landmarks[i]! * cos + landmarks[i + 1]! * sin
    const v = landmarks[i + 1]! * cos - landmarks[i]! * sin
    left = Math.min(left, u)
    right = Math.max(right, u)
    top = Math.min(top, v)
    bottom = Math.max(bottom, v)
  }
  const u = (left + right) / 2
  const v = (top + bottom) / 2
  const side = padding * Math.max(right - left, bottom - top)
  return squareAround({ x: u * cos - v * sin, y: u * sin + v * cos }, side, angle, sidePx)
}

/** Radians by which the line through the eyes is turned clockwise. */
function rollOf(landmarks: Float32Array): number {
  let x = 0
  let y = 0
  for (let i = 0; i < 6; i++) {
    x += landmarks[(42 + i) * 2]! - landmarks[(36 + i) * 2]!
    y += landmarks[(42 + i) * 2 + 1]! - landmarks[(36 + i) * 2 + 1]!
  }
  return Math.atan2(y, x)
}
