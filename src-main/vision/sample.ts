import { averageBlocks, type Area } from './blocks.ts'
import type { Picture } from './face.ts'
import { scaleOf, toSource, type Similarity } from './similarity.ts'

/** What lies beyond the picture's edge: its outermost pixels repeated, or black. */
export type Border = 'replicate' | 'black'

/**
 * Fills `into` (width × height × 3) with the picture seen through a similarity transform. Enlarging is bilinear. Shrinking
 * averages: whole factors by blocks first, the rest by four bilinear samples per pixel, so that no detail aliases.
 */
export function sample<Pixels extends Float32Array | Uint8ClampedArray>(
  picture: Picture,
  similarity: Similarity,
  width: number,
  height: number,
  into: Pixels,
  border: Border = 'replicate',
): Pixels {
  const factor = Math.floor(scaleOf(similarity))
  if (factor >= 2) {
    const area = footprint(picture, similarity, width, height)
    const shrunk = averageBlocks(picture, factor, area)
    return bilinear(shrunk, inShrunk(similarity, area, factor), width, height, into, border)
  }
  return bilinear(picture, similarity, width, height, into, border)
}

/** The part of the picture, in whole pixels, that the output touches. */
function footprint(picture: Picture, similarity: Similarity, width: number, height: number): Area {
  const corners = toSource([0, 0, width, 0, 0, height, width, height], similarity)
  const margin = 2 * scaleOf(similarity) // bilinear samples reach one shrunk pixel further
  const xs = [corners[0]!, corners[2]!, corners[4]!, corners[6]!]
  const ys = [corners[1]!, corners[3]!, corners[5]!, corners[7]!]
  const within = (value: number, limit: number) => Math.min(Math.max(value, 0), limit)
  const left = within(Math.floor(Math.min(...xs) - margin), picture.width - 1)
  const top = within(Math.floor(Math.min(...ys) - margin), picture.height - 1)
  return {
    left,
    top,
    right: Math.max(left + 1, within(Math.ceil(Math.max(...xs) + margin), picture.width)),
    bottom: Math.max(top + 1, within(Math.ceil(Math.max(...ys) + margin), picture.height)),
  }
}

function inShrunk({ a, b, x0, y0 }: Similarity, { left, top }: Area, factor: number): Similarity {
  return { a: a / factor, b: b / factor, x0: (x0 - left) / factor, y0: (y0 - top) / factor }
}

function bilinear<Pixels extends Float32Array | Uint8ClampedArray>(
  { width: sourceWidth, height: sourceHeight, rgb }: Picture,
  similarity: Similarity,
  width: number,
  height: number,
  into: Pixels,
  border: Border,
): Pixels {
  const { a, b, x0, y0 } = similarity
  // Four samples per pixel where the source is denser than the output, one where it is not.
  const samples = scaleOf(similarity) > 1 ? 2 : 1 // in each direction
  const weight = 1 / samples ** 2
  const lastX = sourceWidth - 1
  const lastY = sourceHeight - 1
  const stride = sourceWidth * 3
  let to = 0
  for (let v = 0; v < height; v++) {
    for (let u = 0; u < width; u++, to += 3) {
      let red = 0
      let green = 0
      let blue = 0
      for (let i = 0; i < samples * samples; i++) {
        const du = samples === 1 ? 0.5 : 0.25 + 0.5 * (i & 1)
        const dv = samples === 1 ? 0.5 : 0.25 + 0.5 * (i >> 1)
        const x = a * (u + du) - b * (v + dv) + x0 - 0.5
        const y = b * (u + du) + a * (v + dv) + y0 - 0.5
        const floorX = Math.floor(x)
        const floorY = Math.floor(y)
        const rightPart = x - floorX
        const lowerPart = y - floorY
        let upperLeft = floorY * stride + floorX * 3
        let upperRight = upperLeft + 3
        let lowerLeft = upperLeft + stride
        let lowerRight = lowerLeft + 3
        if (floorX < 0 || floorY < 0 || floorX >= lastX || floorY >= lastY) {
          if (border === 'black' && (x < -0.5 || y < -0.5 || x > lastX + 0.5 || y > lastY + 0.5)) continue
          const left = (floorX < 0 ? 0 : floorX > lastX ? lastX : floorX) * 3
          const right = (floorX + 1 < 0 ? 0 : floorX + 1 > lastX ? lastX : floorX + 1) * 3
          const upper = (floorY < 0 ? 0 : floorY > lastY ? lastY : floorY) * stride
          const lower = (floorY + 1 < 0 ? 0 : floorY + 1 > lastY ? lastY : floorY + 1) * stride
          upperLeft = upper + left
          upperRight = upper + right
          lowerLeft = lower + left
          lowerRight = lower + right
        }
        const ofUpperLeft = (1 - rightPart) * (1 - lowerPart)
        const ofUpperRight = rightPart * (1 - lowerPart)
        const ofLowerLeft = (1 - rightPart) * lowerPart
        const ofLowerRight = rightPart * lowerPart
        red +=
          ofUpperLeft * rgb[upperLeft]! +
          ofUpperRight * rgb[upperRight]! +
          ofLowerLeft * rgb[lowerLeft]! +
          ofLowerRight * rgb[lowerRight]!
        green +=
          ofUpperLeft * rgb[upperLeft + 1]! +
          ofUpperRight * rgb[upperRight + 1]! +
          ofLowerLeft * rgb[lowerLeft + 1]! +
          ofLowerRight * rgb[lowerRight + 1]!
        blue +=
          ofUpperLeft * rgb[upperLeft + 2]! +
          ofUpperRight * rgb[upperRight + 2]! +
          ofLowerLeft * rgb[lowerLeft + 2]! +
          ofLowerRight * rgb[lowerRight + 2]!
      }
      into[to] = red * weight
      into[to + 1] = green * weight
      into[to + 2] = blue * weight
    }
  }
  return into
}
