import { averageBlocks } from './blocks.ts'
import type { Detection } from './detection.ts'
import type { Picture } from './face.ts'
import { raiseLight } from './light.ts'
import type { Network } from './network.ts'
import { detectInStill } from './still-detector.ts'

/** A border's width, as a share of the picture's longer side: a face that fills the picture then fills half of it, where the SSD is surest. */
const borderShare = 0.5

/** A border round more than this, in pixels, is made round a shrunk copy: round 50 megapixels it would take 600 MB. */
const longestWithBorderPx = 2048

export interface Search {
  /** The picture the faces were found in, which landmarks are best looked for in; same pixels, perhaps raised light. */
  picture: Picture
  detections: Detection[]
}

/**
 * Looks for faces in the picture as it is; if there is none, with the light raised and the contrast evened; if there is
 * still none, with a border round either, for faces that fill the picture.
 */
export async function findFaces(net: Network, picture: Picture): Promise<Search> {
  const plain = await detectInStill(net, picture)
  if (plain.length > 0) return { picture, detections: plain }
  const raised = raiseLight(picture)
  const inRaised = await detectInStill(net, raised)
  if (inRaised.length > 0) return { picture: raised, detections: inRaised }
  const bordered = await detectWithBorder(net, picture)
  if (bordered.length > 0) return { picture, detections: bordered }
  return { picture: raised, detections: await detectWithBorder(net, raised) }
}

async function detectWithBorder(net: Network, whole: Picture): Promise<Detection[]> {
  const { picture, factor } = shrunkFor(whole)
  const border = Math.round(Math.max(picture.width, picture.height) * borderShare)
  const detections = await detectInStill(net, withBorder(picture, border))
  return detections.map(({ box, score }) => ({
    box: {
      left: (box.left - border) * factor,
      top: (box.top - border) * factor,
      width: box.width * factor,
      height: box.height * factor,
    },
    score,
  }))
}

/** The picture with its outermost pixels repeated outwards, row by row: some thirty times faster than sampling it. */
function withBorder({ width, height, rgb }: Picture, border: number): Picture {
  const wide = width + 2 * border
  const bordered = new Uint8Array(wide * (height + 2 * border) * 3)
  for (let y = -border; y < height + border; y++) {
    const from = Math.min(Math.max(y, 0), height - 1) * width * 3
    const row = bordered.subarray((y + border) * wide * 3, (y + border + 1) * wide * 3)
    for (let i = 0; i < border * 3; i += 3) {
      for (let channel = 0; channel < 3; channel++) {
        row[i + channel] = rgb[from + channel]!
        row[row.length - 3 - i + channel] = rgb[from + (width - 1) * 3 + channel]!
      }
    }
    row.set(rgb.subarray(from, from + width * 3), border * 3)
  }
  return { width: wide, height: height + 2 * border, rgb: bordered }
}

/** By whole blocks, to no fewer pixels with its border than twice what the detector takes: it sees no less. */
function shrunkFor(picture: Picture): { picture: Picture; factor: number } {
  const { width, height } = picture
  if (Math.max(width, height) <= longestWithBorderPx) return { picture, factor: 1 }
  const factor = Math.ceil(Math.max(width, height) / (longestWithBorderPx / 2))
  return {
    picture: averageBlocks(picture, factor, { left: 0, top: 0, right: width, bottom: height }),
    factor,
  }
}
