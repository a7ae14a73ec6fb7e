import type { Picture } from './face.ts'

/** A part of a picture, in its pixels; may begin and end between two. */
export interface Part {
  left: number
  top: number
  width: number
  height: number
}

/** Source pixels that make an output pixel at most, in each direction: a triangle filter at a scale below 2. */
const tapCount = 4

/**
 * An upright part of a picture at another size, [height, width, 3], 0–255: separable triangle filter, widened by the
 * scale where it shrinks, so that no detail aliases. Several times faster than sampling pixel by pixel. `rowLength` is
 * how far the rows of `into` lie apart, in numbers. Throws where a side would shrink to half or less: whole factors
 * come first (`averageBlocks`).
 */
export function resize(
  picture: Picture,
  part: Part,
  width: number,
  height: number,
  into: Float32Array,
  rowLength = width * 3,
): void {
  const across = tapsFor(width, part.left, part.width / width, picture.width)
  const down = tapsFor(height, part.top, part.height / height, picture.height)
  const firstRow = Math.min(...down.places)
  const rows = shrinkRows(picture, across, width, firstRow, Math.max(...down.places))
  for (let v = 0; v < height; v++)
    weighRows(rows, down, v, firstRow, into.subarray(v * rowLength, v * rowLength + width * 3))
}

/** Which source pixels make each output pixel, `tapCount` for each, and how much of it. */
interface Taps {
  places: Int32Array
  weights: Float32Array // 0 where fewer than `tapCount` make it, which adds nothing
}

function tapsFor(length: number, start: number, scale: number, sourceLength: number): Taps {
  if (scale >= 2) throw new RangeError(`resize shrinks to more than half, not by ${scale}`)
  const reach = Math.max(1, scale)
  const places = new Int32Array(length * tapCount)
  const weights = new Float32Array(length * tapCount)
  for (let i = 0; i < length; i++) {
    const centre = start + (i + 0.5) * scale - 0.5
    const first = Math.floor(centre - reach) + 1
    let sum = 0
    for (let tap = 0; tap < tapCount; tap++) {
      const weight = Math.max(0, 1 - Math.abs(first + tap - centre) / reach)
      places[i * tapCount + tap] = Math.min(Math.max(first + tap, 0), sourceLength - 1) // the edge is repeated
      weights[i * tapCount + tap] = weight
      sum += weight
    }
    for (let tap = 0; tap < tapCount; tap++) weights[i * tapCount + tap]! /= sum
  }
  return { places, weights }
}

/** The rows first … last of the picture at their new width, column by column: so a column's weights stay at hand. */
function shrinkRows(
  { width: sourceWidth, rgb }: Picture,
  { places, weights }: Taps,
  width: number,
  first: number,
  last: number,
): Float32Array {
  const rows = new Float32Array((last - first + 1) * width * 3)
  const down = sourceWidth * 3
  for (let u = 0; u < width; u++) {
    const place = (tap: number) => (first * sourceWidth + places[u * tapCount + tap]!) * 3
    let [a, b, c, d] = [place(0), place(1), place(2), place(3)]
    const [weightA, weightB, weightC, weightD] = weightsOf(weights, u)
    if (weightC === 0 && weightD === 0)
      for (let to = u * 3; to < rows.length; to += width * 3, a += down, b += down) {
        rows[to] = weightA * rgb[a]! + weightB * rgb[b]!
        rows[to + 1] = weightA * rgb[a + 1]! + weightB * rgb[b + 1]!
        rows[to + 2] = weightA * rgb[a + 2]! + weightB * rgb[b + 2]!
      }
    else
      for (let to = u * 3; to < rows.length; to += width * 3, a += down, b += down, c += down, d += down) {
        rows[to] = weightA * rgb[a]! + weightB * rgb[b]! + weightC * rgb[c]! + weightD * rgb[d]!
        rows[to + 1] =
          weightA * rgb[a + 1]! + weightB * rgb[b + 1]! + weightC * rgb[c + 1]! + weightD * rgb[d + 1]!
        rows[to + 2] =
          weightA * rgb[a + 2]! + weightB * rgb[b + 2]! + weightC * rgb[c + 2]! + weightD * rgb[d + 2]!
      }
  }
  return rows
}

/** One row of the output from the rows that make it; every partial sum is rounded to single precision. */
function weighRows(
  rows: Float32Array,
  { places, weights }: Taps,
  v: number,
  firstRow: number,
  into: Float32Array,
) {
  const row = (tap: number) => (places[v * tapCount + tap]! - firstRow) * into.length
  const [a, b, c, d] = [row(0), row(1), row(2), row(3)]
  const [weightA, weightB, weightC, weightD] = weightsOf(weights, v)
  const few = weightC === 0 && weightD === 0
  for (let i = 0; i < into.length; i++) {
    let sum = Math.fround(weightA * rows[a + i]!)
    sum = Math.fround(sum + weightB * rows[b + i]!)
    if (few) into[i] = sum
    else into[i] = Math.fround(sum + weightC * rows[c + i]!) + weightD * rows[d + i]!
  }
}

function weightsOf(weights: Float32Array, i: number): [number, number, number, number] {
  const at = i * tapCount
  return [weights[at]!, weights[at + 1]!, weights[at + 2]!, weights[at + 3]!]
}
