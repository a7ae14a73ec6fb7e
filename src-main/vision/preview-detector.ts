import { suppress, type Detection } from './detection.ts'
import type { Picture } from './face.ts'
import { letterbox } from './letterbox.ts'
import type { Network } from './network.ts'

const sidePx = 320 // what the tiny detector takes here

const settings = {
  minScore: 0.5, // face-api's own
  overlap: 0.4, // face-api's own
}

/** Faces in a live frame by the tiny detector, best first: ten times faster than the SSD, misses tilted faces. */
export async function detectInFrame(net: Network, picture: Picture): Promise<Detection[]> {
  const { boxes, scores } = await net.run(letterbox(picture, sidePx), [1, sidePx, sidePx, 3])
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
