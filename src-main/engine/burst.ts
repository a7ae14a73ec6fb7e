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
 * The frames of one transaction, looked at one by one as they come. A frame with two faces refuses them all, and so do
 * frames of different faces; one without a face or of poor quality (a blink, a blur) is left out as long as another is
 * good. Only the faces that are good are embedded.
 */
export class BurstLook {
  readonly #networks: Networks
  readonly #source: 'camera' | 'file'
  readonly #samePersonDistance: number
  readonly #good: Face[] = []
  readonly #poor: Face[] = []
  #several: Extract<Burst, { kind: 'several-faces' }> | null = null

  /** @param samePersonDistance photograph × photograph distance up to which two frames may show the same face */
  constructor(networks: Networks, source: 'camera' | 'file', samePersonDistance: number) {
    this.#networks = networks
    this.#source = source
    this.#samePersonDistance = samePersonDistance
  }

  /** Whether nothing that is still to come can change the outcome. */
  get settled(): boolean {
    return this.#several !== null
  }

  /** One picture at a time: the next is given when this one was looked at. */
  async add(picture: Picture): Promise<void> {
    if (this.#several) return
    const [face] = await this.#networks.faces(picture, { source: this.#source, embed: false })
    if (!face) return
    this.#several = severalFaces(face)
    if (this.#several) return
    if (firstFailing(face.quality) !== null) this.#poor.push(face)
    else this.#good.push({ ...face, ...(await this.#networks.embed(face.crop)) })
  }

  /** What all pictures so far show together. */
  seen(): Burst {
    if (this.#several) return this.#several
    if (this.#good.length === 0)
      return this.#poor.length === 0
        ? { kind: 'no-face' }
        : { kind: 'poor-quality', measure: leastFailing(this.#poor) }
    const alike = (a: Face, b: Face) => distance(a.embedding, b.embedding) <= this.#samePersonDistance
    return isConnected(this.#good, alike) ? { kind: 'faces', faces: this.#good } : { kind: 'different-faces' }
  }
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
