import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { distance, unitLength } from '../../src-main/vision/embedding.ts'
import type { Face, Picture } from '../../src-main/vision/face.ts'
import { cropFromPng, cropHash, cropToPng } from '../../src-main/vision/kept-crop.ts'
import { intersectionOverUnion } from '../../src-main/vision/detection.ts'
import { readPicture } from '../../src-main/vision/read-picture.ts'
import { sample } from '../../src-main/vision/sample.ts'
import { squareAround } from '../../src-main/vision/similarity.ts'
import { Vision } from '../../src-main/vision/vision.ts'
import { openFaceApi, type FaceApiFace } from '../benchmark/face-api.ts'
import { draw, noise } from './drawn-picture.ts'

const models = join(import.meta.dirname, '../../models')
const demo = join(
  dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')),
  'demo',
)

let vision: Vision
let group: Picture // five people
let faces: Face[]

beforeAll(async () => {
  if (!existsSync(join(models, 'face-recognition.onnx'))) throw new Error('run `npm run build:models` first')
  vision = await Vision.open({ models, threads: 2 })
  const read = await readPicture(readFileSync(join(demo, 'sample5.jpg')), 'sample5.jpg')
  if (read.kind === 'refused') throw new Error(read.message)
  group = read.picture
  faces = await vision.faces(group)
})

afterAll(() => vision.close())

/** A 640×480 picture with this face in its middle, `share` of the height large, turned by `angle` radians. */
function portrait({ box }: Face, share = 0.4, angle = 0): Picture {
  const middle = { x: box.left + box.width / 2, y: box.top + box.height / 2 }
  const similarity = squareAround(middle, (640 * box.height) / (480 * share), angle, 640)
  const pixels = sample(group, similarity, 640, 640, new Uint8ClampedArray(640 * 640 * 3))
  return { width: 640, height: 480, rgb: new Uint8Array(pixels.buffer, 80 * 640 * 3, 640 * 480 * 3) }
}

const darkened = ({ width, height, rgb }: Picture, level: (level: number, x: number) => number): Picture => ({
  width,
  height,
  rgb: rgb.map((value, i) => level(value, (Math.floor(i / 3) % width) / width)),
})

describe('faces of a still', () => {
  test('each has everything, of the right shape', () => {
    expect(faces.length).toBe(5)
    for (const face of faces) {
      expect(face.landmarks.length).toBe(136)
      expect([face.crop.width, face.crop.height, face.crop.rgb.length]).toEqual([256, 256, 256 * 256 * 3])
      expect([face.features.length, face.embedding.length]).toEqual([256, 128])
      expect(Math.hypot(...face.embedding)).toBeCloseTo(1, 5)
      expect(face.quality.length).toBe(10)
      expect(face.score).toBeGreaterThan(0.5)
    }
  })

  test('five people are five embeddings, each nearer to itself in another picture than to anyone else', async () => {
    for (const face of faces) {
      const [again] = await vision.faces(portrait(face, 0.5, 0.2))
      const distances = faces.map((other) => distance(again!.embedding, other.embedding))
      const own = distances[faces.indexOf(face)]!
      expect(own).toBeLessThan(0.35)
      for (const other of distances) if (other !== own) expect(other).toBeGreaterThan(own + 0.2)
    }
  })

  test('without embedding, both are empty', async () => {
    const [face] = await vision.faces(portrait(faces[0]!), { embed: false })
    expect([face!.features.length, face!.embedding.length]).toEqual([0, 0])
  })

  test('a picture of nobody has none', async () => {
    const random = noise(3)
    expect(await vision.faces(draw(320, 240, (x, y) => 60 + x / 3 + y / 5))).toEqual([])
    expect(await vision.faces(draw(320, 240, () => random() * 255))).toEqual([])
    expect(await vision.faces(draw(16, 16, () => 0))).toEqual([])
  })

  test('the face is found again with its light taken away, nearly all or from one side', async () => {
    const lit = portrait(faces[0]!)
    for (const level of [
      (value: number) => value * 0.06,
      (value: number, x: number) => value * Math.max(0.03, 2.4 * (0.62 - x)),
    ]) {
      const [face] = await vision.faces(darkened(lit, level), { embed: false })
      expect(face).toBeDefined()
    }
  })

  test('a face that fills its picture is found', async () => {
    const { box } = faces[0]!
    const close = { x: box.left + box.width / 2, y: box.top + box.height / 2 }
    const pixels = sample(
      group,
      squareAround(close, box.height * 0.95, 0, 300),
      300,
      300,
      new Uint8ClampedArray(300 * 300 * 3),
    )
    expect((await vision.faces({ width: 300, height: 300, rgb: new Uint8Array(pixels.buffer) })).length).toBe(
      1,
    )
  })
})

describe('the kept crop', () => {
  test('embedded again, gives the very same numbers, through PNG too', async () => {
    for (const face of faces) {
      const again = await vision.embed(face.crop)
      expect(again.embedding).toEqual(face.embedding)
      expect(again.features).toEqual(face.features)
      const stored = await cropFromPng(await cropToPng(face.crop))
      expect(cropHash(stored)).toBe(cropHash(face.crop))
      expect((await vision.embed(stored)).embedding).toEqual(face.embedding)
    }
  })

  test('gives the same numbers with another number of threads', async () => {
    const single = await Vision.open({ models, threads: 1 })
    expect((await single.embed(faces[0]!.crop)).embedding).toEqual(faces[0]!.embedding)
    await single.close()
  })

  test('its mirror image has the same embedding', async () => {
    const { crop, embedding } = faces[0]!
    const mirrored = draw(
      256,
      256,
      (x, y, channel) => crop.rgb[(Math.floor(y) * 256 + 255 - Math.floor(x)) * 3 + channel]!,
    )
    expect(distance((await vision.embed(mirrored)).embedding, embedding)).toBeLessThan(1e-4)
  })
})

describe('pose, on photographs', () => {
  test.each([-30, -15, 15, 30])(
    'a picture turned by %i° turns the roll by as much, and hardly the rest',
    async (degrees) => {
      const [upright] = await vision.faces(portrait(faces[1]!), { embed: false })
      // Looking with a frame turned anticlockwise shows the head tilted clockwise.
      const [turned] = await vision.faces(portrait(faces[1]!, 0.4, (-degrees * Math.PI) / 180), {
        embed: false,
      })
      expect(Math.abs(turned!.pose.roll - upright!.pose.roll - degrees)).toBeLessThan(4)
      expect(Math.abs(turned!.pose.yaw - upright!.pose.yaw)).toBeLessThan(8)
      expect(Math.abs(turned!.pose.pitch - upright!.pose.pitch)).toBeLessThan(8)
    },
  )

  test('a mirrored picture turns the other way', async () => {
    // The one of the five who looks aside most.
    const picture = portrait(faces.toSorted((a, b) => Math.abs(b.pose.yaw) - Math.abs(a.pose.yaw))[0]!)
    const mirrored = draw(
      640,
      480,
      (x, y, channel) => picture.rgb[(Math.floor(y) * 640 + 639 - Math.floor(x)) * 3 + channel]!,
    )
    const [one] = await vision.faces(picture, { embed: false })
    const [other] = await vision.faces(mirrored, { embed: false })
    expect(Math.abs(one!.pose.yaw)).toBeGreaterThan(15)
    expect(Math.abs(one!.pose.yaw + other!.pose.yaw)).toBeLessThan(4)
    expect(Math.abs(one!.pose.roll + other!.pose.roll)).toBeLessThan(4)
    expect(Math.abs(one!.pose.pitch - other!.pose.pitch)).toBeLessThan(4)
  })
})

describe('the live preview', () => {
  test('shows the face that the still finds, its landmarks and what to mend', async () => {
    const picture = portrait(faces[0]!)
    const [still] = await vision.faces(picture, { embed: false })
    const preview = await vision.preview(picture)
    expect(preview.faces).toBe(1)
    expect(intersectionOverUnion(preview.box!, still!.box)).toBeGreaterThan(0.5)
    const eyes = Math.hypot(
      still!.landmarks[72]! - still!.landmarks[90]!,
      still!.landmarks[73]! - still!.landmarks[91]!,
    )
    preview.landmarks!.forEach((value, i) =>
      expect(Math.abs(value - still!.landmarks[i]!)).toBeLessThan(0.2 * eyes),
    )
    expect(preview.hint).toBe(preview.quality.find(({ passes }) => !passes)?.sentence ?? null)
  })

  test('of a small face says to move closer, of nobody to look into the camera', async () => {
    expect((await vision.preview(portrait(faces[0]!, 0.13))).hint).toMatch(
      /^Move closer: your eyes are \d+ px apart/,
    )
    expect(await vision.preview(draw(640, 480, () => 128))).toMatchObject({
      faces: 0,
      box: null,
      hint: expect.any(String),
    })
  })
})

describe('beside face-api itself, where both define the same', () => {
  let theirs: FaceApiFace[]
  beforeAll(async () => {
    theirs = await (await openFaceApi('wasm')).describe(group)
  })

  test('the same faces, in the same boxes, as sure of them', () => {
    expect(theirs.length).toBe(faces.length)
    for (const { box, score } of theirs) {
      const same = faces.find((face) => intersectionOverUnion(face.box, box) > 0.9)
      expect(same).toBeDefined()
      expect(Math.abs(same!.score - score)).toBeLessThan(0.1) // ours saw the picture shrunk without aliasing
    }
  })

  test('landmarks near theirs, though ours are refined, and the same people by the descriptors', () => {
    for (const one of theirs) {
      const same = faces.find((face) => intersectionOverUnion(face.box, one.box) > 0.9)!
      const eyes = Math.hypot(
        one.landmarks[72]! - one.landmarks[90]!,
        one.landmarks[73]! - one.landmarks[91]!,
      )
      const apart =
        one.landmarks.reduce((sum, value, i) => sum + Math.abs(value - same.landmarks[i]!), 0) / 136
      expect(apart / eyes).toBeLessThan(0.1)
      const distances = faces.map((face) => distance(face.embedding, unitLength(one.descriptor)))
      expect(distances.indexOf(Math.min(...distances))).toBe(faces.indexOf(same))
    }
  })
})
