import { suppress, type Detection } from './detection.ts'
import type { Picture } from './face.ts'
import { letterbox } from './letterbox.ts'
import type { Network } from './network.ts'

const sidePx = 512 // what the SSD takes

const settings = {
  minScore: 0.5, // face-api's own
  overlap: 0.5, // intersection over union above which two boxes are one face; face-api's own
  leastSidePx: 12, // of the picture: the SSD now and then sees a face in a speck at the rim
}

/** Faces in a still by the SSD, best first; boxes in pixels of the picture, within it. */
export async function detectInStill(net: Network, picture: Picture): Promise<Detection[]> {
  const { boxes, scores } = await net.run(letterbox(picture, sidePx), [1, sidePx, sidePx, 3])
  const longer = Math.max(picture.width, picture.height)
  const detections: Detection[] = []
  scores!.forEach((score, i) => {
    if (score <= settings.minScore) return
    const top = Math.max(0, boxes![i * 4]! * longer)
    const left = Math.max(0, boxes![i * 4 + 1]! * longer)
    const bottom = Math.min(picture.height, boxes![i * 4 + 2]! * longer)
    const right = Math.min(picture.width, boxes![i * 4 + 3]! * longer)
    if (right - left >= settings.leastSidePx && bottom - top >= settings.leastSidePx)
      detections.push({ box: { left, top, width: right - left, height: bottom - top }, score })
  })
  return suppress(detections, settings.overlap)
}
