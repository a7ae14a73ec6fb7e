import type { Picture } from './face.ts'

/** How the light of a picture is raised before faces are looked for once more. */
const raising = {
  tiles: 8, // along each side; a face that fills a third of the picture spans several
  clip: 3, // times the mean count of a histogram bin: keeps noise in flat areas from becoming texture
  levels: 256,
  middle: 0.45, // mean luminance, of white, that a darker tile is raised to
  leastGamma: 0.3, // but no further: below is noise
}

/**
 * A copy with its light raised and its contrast evened, for finding faces under hard or poor light only (what is kept
 * and embedded comes from the picture itself): contrast-limited adaptive histogram equalisation of the luminance
 * (Zuiderveld 1994), the colours scaled along.
 */
export function raiseLight(picture: Picture): Picture {
  const { width, height, rgb } = picture
  const luminance = luminanceOf(picture)
  const { tiles, levels } = raising
  const tileWidth = width / tiles
  const tileHeight = height / tiles
  const curves = new Float32Array(tiles * tiles * levels)
  for (let i = 0; i < tiles * tiles; i++) {
    const left = Math.floor((i % tiles) * tileWidth)
    const top = Math.floor(Math.floor(i / tiles) * tileHeight)
    const right = Math.max(left + 1, Math.floor(((i % tiles) + 1) * tileWidth))
    const bottom = Math.max(top + 1, Math.floor((Math.floor(i / tiles) + 1) * tileHeight))
    curves.set(equalisingCurve(luminance, width, { left, top, right, bottom }), i * levels)
  }
  // Which two columns of tiles a column of pixels lies between, and how much of the right one it takes.
  const lefts = new Int32Array(width)
  const rights = new Int32Array(width)
  const rightParts = new Float64Array(width)
  for (let x = 0; x < width; x++) {
    const tileX = Math.min(Math.max((x + 0.5) / tileWidth - 0.5, 0), tiles - 1)
    const left = Math.floor(tileX)
    lefts[x] = left * levels
    rights[x] = Math.min(left + 1, tiles - 1) * levels
    rightParts[x] = tileX - left
  }
  const raised = new Uint8ClampedArray(rgb.length)
  for (let y = 0, at = 0; y < height; y++) {
    const tileY = Math.min(Math.max((y + 0.5) / tileHeight - 0.5, 0), tiles - 1)
    const upper = Math.floor(tileY) * tiles * levels
    const lower = Math.min(Math.floor(tileY) + 1, tiles - 1) * tiles * levels
    const lowerPart = tileY - Math.floor(tileY)
    for (let x = 0; x < width; x++, at++) {
      const level = luminance[at]!
      const left = lefts[x]! + level
      const right = rights[x]! + level
      const above = curves[upper + left]! + (curves[upper + right]! - curves[upper + left]!) * rightParts[x]!
      const below = curves[lower + left]! + (curves[lower + right]! - curves[lower + left]!) * rightParts[x]!
      const evened = above + (below - above) * lowerPart
      // Colours keep their proportions; where there is next to no light they would be noise, so grey is mixed in.
      const gain = (0.5 * (evened + 1)) / (level + 1)
      const grey = 0.5 * evened
      raised[at * 3] = rgb[at * 3]! * gain + grey
      raised[at * 3 + 1] = rgb[at * 3 + 1]! * gain + grey
      raised[at * 3 + 2] = rgb[at * 3 + 2]! * gain + grey
    }
  }
  return { width, height, rgb: new Uint8Array(raised.buffer) }
}

/** Luma of each pixel, 0–255, ITU-R BT.601. */
export function luminanceOf({ rgb }: Picture): Uint8Array {
  const luminance = new Uint8Array(rgb.length / 3)
  for (let i = 0, from = 0; i < luminance.length; i++, from += 3)
    luminance[i] = 0.299 * rgb[from]! + 0.587 * rgb[from + 1]! + 0.114 * rgb[from + 2]! + 0.5 // cut off: rounded
  return luminance
}

interface Area {
  left: number
  top: number
  right: number
  bottom: number
}

/** Level → evened level of one tile: raised by a gamma to a middle level, then its clipped cumulative histogram. */
function equalisingCurve(
  luminance: Uint8Array,
  width: number,
  { left, top, right, bottom }: Area,
): Float32Array {
  const { levels, clip } = raising
  const total = (right - left) * (bottom - top)
  const found = new Uint32Array(levels)
  for (let y = top; y < bottom; y++)
    for (let at = y * width + left, end = y * width + right; at < end; at++) found[luminance[at]!]!++
  const sum = found.reduce((sum, count, level) => sum + count * level, 0)
  const raise = raisingCurve(sum / total / (levels - 1))
  const counts = new Float32Array(levels)
  found.forEach((count, level) => (counts[raise[level]!]! += count))
  const most = Math.max(1, (clip * total) / levels)
  let excess = 0
  for (let level = 0; level < levels; level++) {
    excess += Math.max(0, counts[level]! - most)
    counts[level] = Math.min(counts[level]!, most)
  }
  const evened = new Float32Array(levels)
  let below = 0
  for (let level = 0; level < levels; level++) {
    below += counts[level]! + excess / levels
    evened[level] = (below / total) * (levels - 1)
  }
  return Float32Array.from(raise, (level) => evened[level]!)
}

/** Level → level, by the gamma that brings a mean luminance (0–1) up to the middle; a lighter one stays. */
function raisingCurve(mean: number): Uint8Array {
  const { levels, middle, leastGamma } = raising
  const wanted = Math.log(middle) / Math.log(Math.min(Math.max(mean, 1e-3), middle))
  const gamma = Math.max(leastGamma, wanted)
  return Uint8Array.from({ length: levels }, (_, level) =>
    Math.round((levels - 1) * (level / (levels - 1)) ** gamma),
  )
}
