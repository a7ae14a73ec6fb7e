import type { Preview } from '../contract.ts'
import { keptCrop } from './crop.ts'
import type { Detection } from './detection.ts'
import { embedCrop } from './embedder.ts'
import type { Embedded } from './embedding.ts'
import type { Face, Picture } from './face.ts'
import { locateLandmarks, locateLandmarksOnce } from './landmarks.ts'
import { openNetworks, type Networks } from './network.ts'
import { poseFromLandmarks } from './pose.ts'
import { detectInFrame } from './preview-detector.ts'
import { byProminence } from './prominence.ts'
import { firstFailing, judge } from './quality/quality.ts'
import { findFaces } from './search.ts'

export interface VisionOptions {
  /** Folder with manifest.json and the ONNX files that `npm run build:models` makes. */
  models: string
  /** Processor threads for each network. */
  threads?: number
}

export interface FacesOptions {
  /**
   * Whose `features` and `embedding` are computed: everybody's, only those of the most prominent face, or (false)
   * nobody's. They are empty (length 0) where they are not.
   */
  embed?: boolean | 'first'
  /** Which limits quality is judged by: a camera can be moved closer, a file is as it is. */
  source?: 'camera' | 'file'
}

/** The networks, kept warm, and what they make of a picture: faces, preview, embedding. */
export class Vision {
  /** The recognition model: its version goes with every embedding it makes. */
  readonly model: { name: string; version: string }
  /** What runs the networks, as the status line shows it. */
  readonly processor = 'ONNX Runtime · CPU'
  readonly #nets: Networks

  private constructor(nets: Networks) {
    this.#nets = nets
    this.model = { name: 'face-recognition', version: nets['face-recognition'].version }
  }

  /** Loads all four networks; throws with the model's name if one is missing or not what the manifest says. */
  static async open({ models, threads = 1 }: VisionOptions): Promise<Vision> {
    return new Vision(await openNetworks(models, threads))
  }

  /**
   * Every face in a still or a frame that is kept, the most prominent first. Empty only after the picture was tried
   * again with its light raised and with a border round it.
   */
  async faces(picture: Picture, { embed = true, source = 'file' }: FacesOptions = {}): Promise<Face[]> {
    const { picture: searched, detections } = await findFaces(this.#nets['ssd-mobilenet-v1'], picture)
    const ordered = byProminence(detections, picture)
    const landmarks = await locateLandmarks(
      this.#nets['face-landmark-68'],
      searched,
      ordered.map(({ box }) => box),
    )
    const faces: Face[] = []
    for (const [i, { box, score }] of ordered.entries()) {
      const crop = keptCrop(picture, landmarks[i]!)
      const pose = poseFromLandmarks(landmarks[i]!)
      const quality = judge({
        picture,
        boxes: ordered.map(({ box }) => box),
        landmarks: landmarks[i]!,
        pose,
        crop,
        source,
      })
      const { features, embedding } =
        embed === true || (embed === 'first' && i === 0) ? await this.embed(crop) : nothingEmbedded()
      faces.push({ box, score, landmarks: landmarks[i]!, pose, crop, quality, features, embedding })
    }
    return faces
  }

  /** What the live preview shows of a frame: fast enough for every frame, not what is kept or compared. */
  async preview(picture: Picture): Promise<Preview> {
    const detections = byProminence(await detectInFrame(this.#nets['tiny-face-detector'], picture), picture)
    const [first] = detections
    if (first === undefined) return nobody
    const landmarks = await locateLandmarksOnce(this.#nets['face-landmark-68'], picture, first.box)
    const pose = poseFromLandmarks(landmarks)
    const boxes = detections.map(({ box }: Detection) => box)
    const crop = keptCrop(picture, landmarks)
    const quality = judge({ picture, boxes, landmarks, pose, crop, source: 'camera' })
    return {
      faces: detections.length,
      box: first.box,
      landmarks: Array.from(landmarks),
      pose,
      quality,
      hint: firstFailing(quality)?.sentence ?? null,
    }
  }

  /** Features and embedding of a kept crop, bit for bit what `faces` gives for it. */
  embed(crop: Picture): Promise<Embedded> {
    return embedCrop(this.#nets['face-recognition'], crop)
  }

  /** Frees the networks; nothing may be asked afterwards. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.#nets).map((net) => net.close()))
  }
}

const nobody: Preview = {
  faces: 0,
  box: null,
  landmarks: null,
  pose: null,
  quality: [],
  hint: 'No face can be seen: look into the camera',
}

const nothingEmbedded = (): Embedded => ({ features: new Float32Array(0), embedding: new Float32Array(0) })
