import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import type { Frame } from '../../src-main/contract.ts'
import type { Networks } from '../../src-main/engine/parts.ts'
import { readPicture } from '../../src-main/vision/read-picture.ts'

/** How a picture of a person differs from the one it was cut from. */
export interface Taken {
  brightness?: number // factor
  turned?: number // degrees, clockwise
  side?: number // pixels of the picture's side
  shiftX?: number // pixels of the original that the camera moved to the right
  blur?: number // sigma, pixels
  jpegQuality?: number
  mirrored?: boolean
}

/** Somebody in one of face-api's sample photographs, who can be photographed again a little differently. */
export interface SamplePerson {
  jpeg(taken?: Taken): Promise<Uint8Array<ArrayBuffer>>
  frame(taken?: Taken): Promise<Frame>
}

const demo = join(
  dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')),
  'demo',
)

/** Path of one of face-api's sample photographs, 1–6: groups of three to five people. */
export const samplePath = (number: number) => join(demo, `sample${number}.jpg`)

/** Everybody on sample photographs 3 and 6 who looks at the camera: cut out with room around the face. */
export async function samplePeople(networks: Networks): Promise<SamplePerson[]> {
  const people: SamplePerson[] = []
  for (const number of [3, 6]) {
    const bytes = await readFile(samplePath(number))
    const read = await readPicture(bytes, `sample${number}.jpg`)
    if (read.kind === 'refused') throw new Error(read.message)
    for (const { box, pose, score } of await networks.faces(read.picture, { embed: false })) {
      if (score < 0.8 || Math.abs(pose.yaw) > 25 || Math.abs(pose.pitch) > 25) continue
      people.push(personAround(bytes, read.picture, box))
    }
  }
  return people
}

function personAround(
  bytes: Uint8Array,
  { width, height }: { width: number; height: number },
  box: { left: number; top: number; width: number; height: number },
): SamplePerson {
  const take = ({
    brightness = 1,
    turned = 0,
    side = 480,
    shiftX = 0,
    blur = 0,
    mirrored = false,
  }: Taken) => {
    const room = 1.9 * Math.max(box.width, box.height) // wide enough for a head, narrow enough for one
    const left = Math.round(Math.max(0, Math.min(width - room, box.left + box.width / 2 - room / 2 + shiftX)))
    const top = Math.round(Math.max(0, Math.min(height - room, box.top + box.height / 2 - room / 2)))
    const cut = { left, top, width: Math.floor(room), height: Math.floor(room) }
    let picture = sharp(bytes).extract(cut).modulate({ brightness })
    if (mirrored) picture = picture.flop()
    if (blur > 0) picture = picture.blur(blur)
    picture = picture.resize(side, side)
    return turned === 0 ? picture : picture.rotate(turned, { background: '#888888' })
  }
  return {
    async jpeg(taken = {}) {
      const { jpegQuality = 95 } = taken
      return new Uint8Array(await take(taken).jpeg({ quality: jpegQuality }).toBuffer())
    },
    async frame(taken = {}) {
      const { data, info } = await take(taken).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
      return { width: info.width, height: info.height, rgba: new Uint8Array(data) }
    },
  }
}
