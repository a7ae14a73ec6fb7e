import type { Picture } from './face.ts'

/** A rectangle of whole pixels. */
export interface Area {
  left: number
  top: number
  right: number // beyond the last column
  bottom: number // beyond the last row
}

/**
 * An area of the picture shrunk by a whole factor: each pixel the mean of a factor × factor block, those at the right
 * and bottom edge of fewer. The first step of any large shrinking, because it reads every pixel just once.
 */
export function averageBlocks({ width, rgb }: Picture, factor: number, area: Area): Picture {
  const { left, top, right, bottom } = area
  const columns = Math.ceil((right - left) / factor)
  const rows = Math.ceil((bottom - top) / factor)
  const shrunk = new Uint8Array(columns * rows * 3)
  const sums = new Uint32Array(columns * 3)
  for (let row = 0; row < rows; row++) {
    sums.fill(0)
    const first = top + row * factor
    const last = Math.min(first + factor, bottom)
    for (let y = first; y < last; y++) {
      let from = (y * width + left) * 3
      for (let column = 0, to = 0; column < columns; column++, to += 3) {
        const end = from + 3 * Math.min(factor, right - left - column * factor)
        let red = 0
        let green = 0
        let blue = 0
        for (; from < end; from += 3) {
          red += rgb[from]!
          green += rgb[from + 1]!
          blue += rgb[from + 2]!
        }
        sums[to]! += red
        sums[to + 1]! += green
        sums[to + 2]! += blue
      }
    }
    for (let column = 0; column < columns; column++) {
      const count = (last - first) * Math.min(factor, right - left - column * factor)
      for (let channel = 0; channel < 3; channel++)
        shrunk[(row * columns + column) * 3 + channel] = Math.round(sums[column * 3 + channel]! / count)
    }
  }
  return { width: columns, height: rows, rgb: shrunk }
}
