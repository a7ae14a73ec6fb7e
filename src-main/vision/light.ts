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
  const { tiles } = raising
  const tileWidth = width / tiles
  const tileHeight = height / tiles
  const curves = Array.from({ length: tiles * tiles }, (_, i) => {
    const left = Math.floor((i % tiles) * tileWidth)
    const top = Math.floor(Math.floor(i / tiles) * tileHeight)
    const right = Math.max(left + 1, Math.floor(((i % tiles) + 1) * tileWidth))
    const bottom = Math.max(top + 1, Math.floor((Math.floor(i / tiles) + 1) * tileHeight))
    return equalisingCurve(luminance, width, { left, top, right, bottom })
  })
  // Which two columns of tiles a column of pixels lies between, and how much of the right one it takes.
  const lefts = new Uint8Array(width)
  const rightParts = new Float64Array(width)
  for (let x = 0; x < width; x++) {
    const tileX = Math.min(Math.max((x + 0.5) / tileWidth - 0.5, 0), tiles - 1)
    lefts[x] = Math.floor(tileX)
    rightParts[x] = tileX - lefts[x]!
  }
  const raised = new Uint8ClampedArray(rgb.length)
  for (let y = 0; y < height; y++) {
    const tileY = Math.min(Math.max((y + 0.5) / tileHeight - 0.5, 0), tiles - 1)
    const upper = Math.floor(tileY)
    const lower = Math.min(upper + 1, tiles - 1)
    const lowerPart = tileY - upper
    for (let x = 0; x < width; x++) {
      const left = lefts[x]!
      const right = Math.min(left + 1, tiles - 1)
      const rightPart = rightParts[x]!
      const at = y * width + x
      const level = luminance[at]!
      const evened =
        (curves[upper * tiles + left]![level]! * (1 - rightPart) +
          curves[upper * tiles + right]![level]! * rightPart) *
          (1 - lowerPart) +
        (curves[lower * tiles + left]![level]! * (1 - rightPart) +
          curves[lower * tiles + right]![level]! * rightPart) *
          lowerPart
      // Colours keep their proportions; where there is next to no light they would be noise, so grey is mixed in.
      const gain = (evened + 1) / (level + 1)
      for (let channel = 0; channel < 3; channel++)
        raised[at * 3 + channel] = 0.5 * rgb[at * 3 + channel]! * gain + 0.5 * evened
    }
  }
  return { width, height, rgb: new Uint8Array(raised.buffer) }
}

/** Luma of each pixel, 0–255, ITU-R BT.601. */
export function luminanceOf({ rgb }: Picture): Uint8Array {
  const luminance = new Uint8Array(rgb.length / 3)
  for (let i = 0, from = 0; i < luminance.length; i++, from += 3)
    luminance[i] = Math.round(0.299 * rgb[from]! + 0.587 * rgb[from + 1]! + 0.114 * rgb[from + 2]!)
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
  let sum = 0
  for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += luminance[y * width + x]!
  const raise = raisingCurve(sum / total / (levels - 1))
  const counts = new Float32Array(levels)
  for (let y = top; y < bottom; y++)
    for (let x = left; x < right; x++) counts[raise[luminance[y * width + x]!]!]! += 1
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
