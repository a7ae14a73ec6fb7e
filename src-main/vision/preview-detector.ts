import { suppress, type Detection } from './detection.ts'
import type { Picture } from './face.ts'
import { letterbox, type Square } from './letterbox.ts'
import type { Network } from './network.ts'

/** What the tiny detector takes here. */
const square: Square = { sidePx: 320, rowStep: 320 }

const settings = {
  minScore: 0.5, // face-api's own
  overlap: 0.4, // face-api's own
}

/** Faces in a live frame by the tiny detector, best first: ten times faster than the SSD, misses tilted faces. */
export async function detectInFrame(net: Network, picture: Picture): Promise<Detection[]> {
  const { values, rows, columns } = letterbox(picture, square)
  const { boxes, scores } = await net.run(values, [1, 3, rows, columns])
  const longer = Math.max(picture.width, picture.height)
  const detections: Detection[] = []
  scores!.forEach((score, i) => {
    if (score <= settings.minScore) return
    const top = boxes![i * 4]! * longer
    const left = boxes![i * 4 + 1]! * longer
    const height = boxes![i * 4 + 2]! * longer - top
    const width = boxes![i * 4 + 3]! * longer - left
    detections.push({ box: { left, top, width, height }, score })
  })
  return suppress(detections, settings.overlap)
}
