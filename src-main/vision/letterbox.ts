import type { Picture } from './face.ts'
import { sample } from './sample.ts'

/**
 * The picture in the upper left corner of a black square, its longer side filling it: [side, side, 3], 0–255, as
 * face-api's detectors are given it. A position in the square times `max(width, height) / side` is one in the picture.
 */
export function letterbox(picture: Picture, sidePx: number): Float32Array<ArrayBuffer> {
  const square = new Float32Array(sidePx * sidePx * 3)
  const scale = Math.max(picture.width, picture.height) / sidePx
  return sample(picture, { a: scale, b: 0, x0: 0, y0: 0 }, sidePx, sidePx, square, 'black')
}
