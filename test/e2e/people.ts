import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import type { Picture } from '../../src-main/vision/face.ts'
import { turnHead, type FaceAnchor, type HeadView } from './head-turn.ts'

const demo = join(
  dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')),
  'demo',
)

/** People on face-api's sample photographs: where their eyes and mouth are, in pixels of the photograph. */
export const people = {
  inGreen: { sample: 'sample6.jpg', leftEye: [1536, 307], rightEye: [1659, 328], mouth: [1577, 451] },
  inBlack: { sample: 'sample3.jpg', leftEye: [1117, 348], rightEye: [1221, 338], mouth: [1176, 440] },
} satisfies Record<string, FaceAnchor & { sample: string }>

export type PersonName = keyof typeof people

export async function samplePicture(name: string): Promise<Picture> {
  const { data, info } = await sharp(join(demo, name))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, rgb: new Uint8Array(data) }
}

/** How long each view is held, in order, with a little movement so that no two frames are the same. */
export interface Hold extends HeadView {
  frames: number
}

const drawn = 5 // pictures of one hold; shown to and fro, as drawing is the slow part

/** Frames of one person alone in front of the camera. */
export async function framesOf(person: PersonName, holds: Hold[]): Promise<Picture[]> {
  const { sample, ...anchor } = people[person]
  const picture = await samplePicture(sample)
  return holds.flatMap((hold) => {
    const pictures = Array.from({ length: Math.min(drawn, hold.frames) }, (_, frame) => {
      const sway = Math.sin(frame * 1.3)
      return turnHead(picture, anchor as FaceAnchor, {
        aloneWithin: 1.4,
        ...hold,
        yaw: hold.yaw + sway,
        pitch: hold.pitch + 0.6 * Math.cos(frame),
        shiftPx: [2 * sway, Math.cos(frame * 0.7)],
      })
    })
    return Array.from({ length: hold.frames }, (_, frame) => pictures[toAndFro(frame, pictures.length)]!)
  })
}

/** 0, 1, 2, 1, 0, 1, … */
function toAndFro(frame: number, count: number): number {
  const period = Math.max(1, 2 * (count - 1))
  return count - 1 - Math.abs((frame % period) - (count - 1))
}
