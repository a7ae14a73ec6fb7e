import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import type { Frame, Pose, QualityComponent, QualityMeasure } from '../../src-main/contract.ts'
import type { ModelCard } from '../../src-main/engine/model-card.ts'
import type { Networks, Parts } from '../../src-main/engine/parts.ts'
import { Gallery } from '../../src-main/gallery/gallery.ts'
import { unitLength } from '../../src-main/vision/embedding.ts'
import { cropSidePx, embeddingLength, featuresLength } from '../../src-main/vision/face.ts'
import type { Face, Picture } from '../../src-main/vision/face.ts'

/** What a made-up picture shows; it is written into the picture's first pixels, where `madeUpNetworks` reads it. */
export interface Shown {
  person: number // 0–120: each has a direction of their own
  photograph?: number // 0–255: moves the embedding a little, another way for each
  faces?: number
  pose?: Pose
  failing?: QualityComponent
}

const components: QualityComponent[] = ['SingleFacePresent', 'HeadPose', 'Sharpness', 'Luminance']
const front: Pose = { roll: 0, yaw: 0, pitch: 0 }

/** A frame of 16 × 16 pixels whose first bytes say what it shows. */
export function frameOf(shown: Shown): Frame {
  const rgba = new Uint8Array(16 * 16 * 4).fill(255)
  bytesOf(shown).forEach((byte, i) => (rgba[Math.floor(i / 3) * 4 + (i % 3)] = byte))
  return { width: 16, height: 16, rgba }
}

/** The same as a file, in a format that keeps every byte. */
export async function pngOf(shown: Shown): Promise<Uint8Array<ArrayBuffer>> {
  const rgb = new Uint8Array(16 * 16 * 3).fill(255)
  rgb.set(bytesOf(shown))
  const png = await sharp(rgb, { raw: { width: 16, height: 16, channels: 3 } })
    .png()
    .toBuffer()
  return new Uint8Array(png)
}

function bytesOf({ person, photograph = 0, faces = 1, pose = front, failing }: Shown): number[] {
  const failed = failing === undefined ? 255 : components.indexOf(failing)
  return [person, photograph, faces, pose.yaw + 100, pose.pitch + 100, failed]
}

/** Networks that read what a made-up picture says instead of looking at it. */
export function madeUpNetworks(): Networks {
  return {
    faces: async (picture) => facesIn(picture),
    preview: async (picture) => {
      const [face] = facesIn(picture)
      return {
        faces: face ? 1 : 0,
        box: face?.box ?? null,
        landmarks: null,
        pose: face?.pose ?? null,
        quality: face?.quality ?? [],
        hint: null,
      }
    },
    embed: async (crop) => embeddingOf(crop.rgb[0]!, crop.rgb[1]!),
  }
}

function facesIn({ rgb }: Picture): Face[] {
  const [person, photograph, faces, yaw, pitch, failed] = rgb as unknown as number[]
  const crop = { width: cropSidePx, height: cropSidePx, rgb: new Uint8Array(cropSidePx * cropSidePx * 3) }
  crop.rgb.set([person!, photograph!])
  const quality: QualityMeasure[] = components.map((component, i) => {
    const passes = component === 'SingleFacePresent' ? faces! <= 1 : i !== failed
    const value = component === 'SingleFacePresent' ? faces! : component === 'Sharpness' ? 1 + photograph! : 1
    return { component, value, limit: 1, unit: '', passes, sentence: passes ? '' : `mend ${component}` }
  })
  return Array.from({ length: faces! }, () => ({
    box: { left: 0, top: 0, width: 8, height: 8 },
    score: 1,
    landmarks: new Float32Array(136),
    pose: { roll: 0, yaw: yaw! - 100, pitch: pitch! - 100 },
    crop,
    quality,
    ...embeddingOf(person!, photograph!),
  }))
}

/** People stand at right angles, √2 apart; photographs of one person are about 0.3 apart. */
export function embeddingOf(person: number, photograph: number) {
  const direction = new Float32Array(embeddingLength)
  direction[person] = 1
  if (photograph > 0) direction[(person + photograph) % embeddingLength]! += 0.2
  return { embedding: unitLength(direction), features: new Float32Array(featuresLength).fill(person) }
}

const points = (threshold: number) => [
  { fmr: 1e-2, threshold: threshold + 0.2, tmr: 0.99 },
  { fmr: 1e-3, threshold: threshold + 0.1, tmr: 0.95 },
  { fmr: 1e-4, threshold, tmr: 0.9 },
]
const measured = { people: 100, genuinePairs: 1000, impostorPairs: 1e6 }

/** Thresholds far enough apart that taking another form's shows. */
export const madeUpCard: ModelCard = {
  model: 'made-up',
  version: '1',
  measuredOn: 'made-up people',
  forms: [
    { form: 'photograph-photograph', template: 1, burst: 1, ...measured, operatingPoints: points(0.9) },
    { form: 'photograph-template', template: 5, burst: 1, ...measured, operatingPoints: points(0.8) },
    { form: 'burst-template', template: 5, burst: 3, ...measured, operatingPoints: points(0.7) },
  ],
}

/** A clock that stands still until it is moved. */
export interface Clock {
  ms: number
}

/** A real gallery in a folder of its own, with made-up networks and a clock to move. */
export async function madeUpParts(
  changed: Partial<Parts> & { home?: string; clock?: Clock } = {},
): Promise<Parts & { clock: Clock }> {
  const clock = changed.clock ?? { ms: 1_700_000_000_000 }
  const home = changed.home ?? mkdtempSync(join(tmpdir(), 'semblance-engine-'))
  const now = () => clock.ms
  const opened = await Gallery.open({ home, key: { kind: 'key-file' }, now })
  if (opened.kind === 'refused') throw new Error(opened.message)
  let ids = 0
  return {
    home,
    gallery: opened.gallery,
    vision: Promise.resolve(madeUpNetworks()),
    model: { name: 'made-up', version: '1' },
    card: madeUpCard,
    processor: 'made up',
    now,
    randomId: () => `draft-${++ids}`,
    ...changed,
    clock,
  }
}
