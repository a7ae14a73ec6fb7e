import { suppress, type Detection } from './detection.ts'
import type { Picture } from './face.ts'
import { letterbox, type Border, type Square } from './letterbox.ts'
import type { Network } from './network.ts'

/** What the SSD takes. */
export const stillSquare: Square = { sidePx: 512, rowStep: 32 }

const settings = {
  minScore: 0.5, // face-api's own
  overlap: 0.5, // intersection over union above which two boxes are one face; face-api's own
  leastSidePx: 12, // of the picture: the SSD now and then sees a face in a speck at the rim
}

/**
 * Faces in a still by the SSD, best first; boxes in pixels of the picture, within it and the border that is put round it
 * where one is given.
 */
export async function detectInStill(
  net: Network,
  picture: Picture,
  border: Border = { left: 0, top: 0 },
): Promise<Detection[]> {
  const { values, rows, columns } = letterbox(picture, stillSquare, border)
  const { boxes, scores } = await net.run(values, [1, 3, rows, columns])
  const [width, height] = [picture.width + border.left, picture.height + border.top] // without the far border
  const longer = Math.max(width + border.left, height + border.top)
  const detections: Detection[] = []
  scores!.forEach((score, i) => {
    if (score <= settings.minScore) return
    const top = Math.max(-border.top, boxes![i * 4]! * longer - border.top)
    const left = Math.max(-border.left, boxes![i * 4 + 1]! * longer - border.left)
    const bottom = Math.min(height, boxes![i * 4 + 2]! * longer - border.top)
    const right = Math.min(width, boxes![i * 4 + 3]! * longer - border.left)
    if (right - left >= settings.leastSidePx && bottom - top >= settings.leastSidePx)
      detections.push({ box: { left, top, width: right - left, height: bottom - top }, score })
  })
  return suppress(detections, settings.overlap)
}
