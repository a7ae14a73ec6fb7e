import { averageBlocks } from './blocks.ts'
import type { Picture } from './face.ts'
import { resize, type Planes } from './resize.ts'

/** How a detector takes a picture. */
export interface Square {
  sidePx: number
  /** Rows below the picture, which are black, may be left out: what is left is a multiple of this. The side: none may. */
  rowStep: number
}

/** Pixels that are added at either side of a picture, its outermost ones repeated. */
export interface Border {
  left: number // and right
  top: number // and bottom
}

const none: Border = { left: 0, top: 0 }

/**
 * The picture, with a border where one is asked for, in the upper left corner of a black square, its longer side filling
 * it, as face-api's detectors are given it. A position in the square times `max(width, height) / sidePx` is one in the
 * picture with its border.
 */
export function letterbox(picture: Picture, square: Square, border = none): Planes {
  const { sidePx, rowStep } = square
  const whole = { width: picture.width + 2 * border.left, height: picture.height + 2 * border.top }
  const scale = Math.max(whole.width, whole.height) / sidePx
  const width = Math.max(1, Math.round(whole.width / scale))
  const height = Math.max(1, Math.round(whole.height / scale))
  const rows = Math.ceil(height / rowStep) * rowStep
  const values = new Float32Array(3 * rows * sidePx)
  const factor = Math.max(1, Math.floor(scale))
  const all = { left: 0, top: 0, right: picture.width, bottom: picture.height }
  const part = {
    left: -border.left / factor,
    top: -border.top / factor,
    width: (width * scale) / factor,
    height: (height * scale) / factor,
  }
  const source = factor > 1 ? averageBlocks(picture, factor, all) : picture
  resize(source, part, width, height, { values, rows, columns: sidePx })
  return { values, rows, columns: sidePx }
}
