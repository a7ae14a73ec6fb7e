import type { Frame } from '../contract.ts'
import type { Picture } from './face.ts'

/** A raw camera frame as a picture: red, green and blue are kept, the camera's alpha says nothing. */
export function pictureFromFrame({ width, height, rgba }: Frame): Picture {
  const rgb = new Uint8Array(width * height * 3)
  for (let from = 0, to = 0; to < rgb.length; from += 4, to += 3) {
    rgb[to] = rgba[from]!
    rgb[to + 1] = rgba[from + 1]!
    rgb[to + 2] = rgba[from + 2]!
  }
  return { width, height, rgb }
}
