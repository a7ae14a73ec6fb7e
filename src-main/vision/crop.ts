import { alignmentOf, standardSidePx } from './alignment.ts'
import { cropSidePx, type Picture } from './face.ts'
import { resize } from './resize.ts'
import { sample } from './sample.ts'

export { standardSidePx } from './alignment.ts'

/** What the recognition net takes. */
export const netSidePx = 150

/**
 * The cuts that are embedded, in sides of the standard crop: the mean of a tighter and a wider one. On LFW it lets 1 in
 * 100 more genuine pairs match at FMR 1e-4, and 6 in 1,000 more at 1e-3, than the standard cut alone; a third cut adds
 * too little for its time.
 */
const cuts = [
  { side: 0.94, up: 0.015 },
  { side: 1.12, up: 0.015 }, // both a little higher: the forehead tells more than the chin
]

/** Images that one crop is embedded from: each cut and its mirror image. */
export const netImages = 2 * cuts.length

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

/** The crop that is kept: 256×256, upright, beyond the picture's edge its outermost pixels repeated. */
export function keptCrop(picture: Picture, landmarks: ArrayLike<number>): Picture {
  const pixels = new Uint8ClampedArray(cropSidePx * cropSidePx * 3)
  sample(picture, alignmentOf(landmarks), cropSidePx, cropSidePx, pixels)
  return { width: cropSidePx, height: cropSidePx, rgb: new Uint8Array(pixels.buffer) }
}

/** What the recognition net takes of a kept crop, [4, 150, 150, 3] 0–255: each cut, and its mirror image after it. */
export function netInput(crop: Picture): Float32Array<ArrayBuffer> {
  if (crop.width !== cropSidePx || crop.height !== cropSidePx)
    throw new RangeError(`a kept crop is ${cropSidePx}×${cropSidePx}, not ${crop.width}×${crop.height}`)
  const length = netSidePx * netSidePx * 3
  const input = new Float32Array(netImages * length)
  cuts.forEach(({ side, up }, i) => {
    const sidePx = side * standardSidePx
    const left = (cropSidePx - sidePx) / 2
    const part = { left, top: left - up * standardSidePx, width: sidePx, height: sidePx }
    const image = input.subarray(2 * i * length, (2 * i + 1) * length)
    resize(crop, part, netSidePx, netSidePx, image)
    mirror(image, netSidePx, input.subarray((2 * i + 1) * length, (2 * i + 2) * length))
  })
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
