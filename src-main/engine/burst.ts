import type { QualityMeasure } from '../contract.ts'
import { distance } from '../vision/embedding.ts'
import type { Face, Picture } from '../vision/face.ts'
import { firstFailing } from '../vision/quality/quality.ts'
import type { Networks } from './parts.ts'

/** What the frames of one transaction show, before anybody is compared with anybody. */
export type Burst =
  | { kind: 'faces'; faces: Face[] }
  | { kind: 'no-face' }
  | { kind: 'several-faces'; faces: number }
  /** Frames with one face each, but not of one person. */
  | { kind: 'different-faces' }
  | { kind: 'poor-quality'; measure: QualityMeasure }

/**
 * Looks at every frame. A frame with two faces refuses them all, and so do frames of different faces; one without a
 * face or of poor quality (a blink, a blur) is left out as long as another is good.
 * @param samePersonDistance photograph × photograph distance up to which two frames may show the same face
 */
export async function lookAtBurst(
  networks: Networks,
  pictures: Iterable<Picture> | AsyncIterable<Picture>,
  source: 'camera' | 'file',
  samePersonDistance: number,
): Promise<Burst> {
  const single: Face[] = []
  for await (const picture of pictures) {
    const [face] = await networks.faces(picture, { source })
    if (!face) continue
    const several = severalFaces(face)
    if (several) return several
    single.push(face)
  }
  if (single.length === 0) return { kind: 'no-face' }
  const good = single.filter((face) => firstFailing(face.quality) === null)
  if (good.length === 0) return { kind: 'poor-quality', measure: leastFailing(single) }
  const alike = (a: Face, b: Face) => distance(a.embedding, b.embedding) <= samePersonDistance
  return isConnected(good, alike) ? { kind: 'faces', faces: good } : { kind: 'different-faces' }
}

/** Faces about as large as the one looked at; a passer-by far behind does not count. */
export function severalFaces(face: Face): { kind: 'several-faces'; faces: number } | null {
  const alone = face.quality.find(({ component }) => component === 'SingleFacePresent')
  return alone && !alone.passes ? { kind: 'several-faces', faces: alone.value } : null
}

/** The failing measure of the frame that fails the fewest: what to correct first. */
function leastFailing(faces: Face[]): QualityMeasure {
  const failures = (face: Face) => face.quality.filter((measure) => !measure.passes).length
  const best = faces.reduce((a, b) => (failures(b) < failures(a) ? b : a))
  return firstFailing(best.quality)!
}

/** Whether every element is reached from the first over pairs that are alike. */
function isConnected<T>(elements: T[], alike: (a: T, b: T) => boolean): boolean {
  const reached = elements.slice(0, 1)
  let left = elements.slice(1)
  for (let i = 0; i < reached.length; i++) {
    reached.push(...left.filter((element) => alike(reached[i]!, element)))
    left = left.filter((element) => !reached.includes(element))
  }
  return left.length === 0
}
