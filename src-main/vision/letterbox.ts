import { averageBlocks } from './blocks.ts'
import type { Picture } from './face.ts'
import { resize } from './resize.ts'

/**
 * The picture in the upper left corner of a black square, its longer side filling it: [side, side, 3], 0–255, as
 * face-api's detectors are given it. A position in the square times `max(width, height) / side` is one in the picture.
 */
export function letterbox(picture: Picture, sidePx: number): Float32Array<ArrayBuffer> {
  const square = new Float32Array(sidePx * sidePx * 3)
  const scale = Math.max(picture.width, picture.height) / sidePx
  const width = Math.max(1, Math.round(picture.width / scale))
  const height = Math.max(1, Math.round(picture.height / scale))
  const factor = Math.max(1, Math.floor(scale))
  const whole = { left: 0, top: 0, right: picture.width, bottom: picture.height }
  const source = factor > 1 ? averageBlocks(picture, factor, whole) : picture
  const part = { left: 0, top: 0, width: (width * scale) / factor, height: (height * scale) / factor }
  resize(source, part, width, height, square, sidePx * 3)
  return square
}
