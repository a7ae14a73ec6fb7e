import type { Picture } from './face.ts'

/** A part of a picture, in its pixels; may begin and end between two, and reach over the picture's edge. */
export interface Part {
  left: number
  top: number
  width: number
  height: number
}

/** An image as the detectors take it: all of red, then green, then blue, [3, rows, columns], 0–255. */
export interface Planes {
  values: Float32Array<ArrayBuffer>
  rows: number
  columns: number
}

/** Source pixels that make an output pixel at most, in each direction: a triangle filter at a scale below 2. */
const tapCount = 4

/**
 * An upright part of a picture at another size, in the upper left corner of `into`: separable triangle filter, widened by
 * the scale where it shrinks, so that no detail aliases; beyond its edge the picture's outermost pixels are repeated.
 * Several times faster than sampling pixel by pixel. Throws where a side would shrink to half or less: whole factors
 * come first (`averageBlocks`).
 */
export function resize(picture: Picture, part: Part, width: number, height: number, into: Planes): void {
  const across = tapsFor(width, part.left, part.width / width, picture.width)
  const down = tapsFor(height, part.top, part.height / height, picture.height)
  // Rows at their new width, made when they are first needed: the few that are still needed stay in the cache.
  const kept = Array.from({ length: tapCount }, () => ({ y: -1, row: new Float32Array(width * 3) }))
  const line = new Uint8Array((picture.width + 2 * tapCount) * 3)
  const rowAt = (place: number) => {
    const y = Math.min(Math.max(place, 0), picture.height - 1) // the outermost rows are repeated
    const found = kept[y % tapCount]!
    if (found.y !== y) {
      fillLine(line, picture, y)
      shrinkLine(line, across, found.row)
      found.y = y
    }
    return found.row
  }
  const planeLength = into.rows * into.columns
  for (let v = 0; v < height; v++) {
    const place = down.places[v]!
    const rows = Array.from({ length: down.count }, (_, tap) => rowAt(place + tap))
    weighRows(rows, down, v, into.values, v * into.columns, planeLength)
  }
}

/** From which source pixel on each output pixel is made, and how much of each. */
interface Taps {
  places: Int32Array // of the first; within `tapCount` of the source, where all pixels are the outermost one
  weights: Float32Array // `tapCount` for each output pixel
  count: number // how many of them may differ from 0
}

function tapsFor(length: number, start: number, scale: number, sourceLength: number): Taps {
  if (scale >= 2) throw new RangeError(`resize shrinks to more than half, not by ${scale}`)
  const reach = Math.max(1, scale)
  const places = new Int32Array(length)
  const weights = new Float32Array(length * tapCount)
  for (let i = 0; i < length; i++) {
    const centre = start + (i + 0.5) * scale - 0.5
    const first = Math.floor(centre - reach) + 1
    places[i] = Math.min(Math.max(first, -tapCount), sourceLength)
    let sum = 0
    for (let tap = 0; tap < tapCount; tap++) {
      const weight = Math.max(0, 1 - Math.abs(first + tap - centre) / reach)
      weights[i * tapCount + tap] = weight
      sum += weight
    }
    for (let tap = 0; tap < tapCount; tap++) weights[i * tapCount + tap]! /= sum
  }
  return { places, weights, count: Math.ceil(2 * reach) }
}

/** A line, with its edges repeated on it, at its new width: all reds, then greens, then blues. */
function shrinkLine(line: Uint8Array, { places, weights, count }: Taps, into: Float32Array) {
  const width = places.length
  for (let u = 0, tap = 0; u < width; u++, tap += tapCount) {
    const from = (places[u]! + tapCount) * 3
    const a = weights[tap]!
    const b = weights[tap + 1]!
    let red = a * line[from]! + b * line[from + 3]!
    let green = a * line[from + 1]! + b * line[from + 4]!
    let blue = a * line[from + 2]! + b * line[from + 5]!
    if (count > 2) {
      const c = weights[tap + 2]!
      red += c * line[from + 6]!
      green += c * line[from + 7]!
      blue += c * line[from + 8]!
    }
    if (count > 3) {
      const d = weights[tap + 3]!
      red += d * line[from + 9]!
      green += d * line[from + 10]!
      blue += d * line[from + 11]!
    }
    into[u] = red
    into[width + u] = green
    into[2 * width + u] = blue
  }
}

function fillLine(line: Uint8Array, { width, rgb }: Picture, y: number) {
  const row = rgb.subarray(y * width * 3, (y + 1) * width * 3)
  line.set(row, tapCount * 3)
  for (let i = 0; i < tapCount * 3; i++) {
    line[i] = row[i % 3]!
    line[line.length - 1 - i] = row[row.length - 1 - (i % 3)]!
  }
}

/**
 * One row of the output, in each plane, from the `down.count` rows that make it. Every partial sum is rounded to single
 * precision: what a face is cut from hangs on it to the last bit, and with it whether a photograph is known again.
 */
function weighRows(
  [first, second, third, fourth]: Float32Array[],
  down: Taps,
  v: number,
  into: Float32Array,
  start: number,
  planeLength: number,
) {
  const width = first!.length / 3
  const weight = (tap: number) => down.weights[v * tapCount + tap]!
  const [a, b, c, d] = [weight(0), weight(1), weight(2), weight(3)]
  const { fround } = Math
  for (let channel = 0; channel < 3; channel++) {
    let to = start + channel * planeLength
    const end = (channel + 1) * width
    if (down.count === 2)
      for (let i = channel * width; i < end; i++, to++) into[to] = fround(a * first![i]!) + b * second![i]!
    else if (down.count === 3)
      for (let i = channel * width; i < end; i++, to++)
        into[to] = fround(fround(a * first![i]!) + b * second![i]!) + c * third![i]!
    else
      for (let i = channel * width; i < end; i++, to++)
        into[to] = fround(fround(fround(a * first![i]!) + b * second![i]!) + c * third![i]!) + d * fourth![i]!
  }
}
