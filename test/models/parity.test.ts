import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { Tensor } from 'onnxruntime-node'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { loadModel, readManifest } from '../../src-main/onnx/model-store.ts'
import { openSession } from '../../src-main/onnx/session.ts'
import {
  intersectionOverUnion as overlap,
  suppress,
  type Detection,
} from '../../src-main/vision/detection.ts'

/**
 * Each built network beside face-api itself, which runs here on TensorFlow.js's wasm backend, on the photographs that
 * face-api's package brings. face-api does its own preprocessing and decoding on both sides of its networks.
 */
const require = createRequire(import.meta.url)
const models = join(import.meta.dirname, '..', '..', 'models')
const package_ = dirname(require.resolve('@vladmandic/face-api/package.json'))
const photographs = readdirSync(join(package_, 'demo')).filter((name) => /^sample\d\.jpg$/.test(name))

// face-api's own types name a file that its package does not hold.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
let faceApi: any

beforeAll(async () => {
  tf.enableProdMode() // no banner
  faceApi = require(join(package_, 'dist', 'face-api.node-wasm.js'))
  require('@tensorflow/tfjs-backend-wasm')
  await tf.setBackend('wasm')
  const { tinyFaceDetector, ssdMobilenetv1, faceLandmark68Net, faceRecognitionNet } = faceApi.nets
  for (const net of [tinyFaceDetector, ssdMobilenetv1, faceLandmark68Net, faceRecognitionNet]) {
    await net.loadFromDisk(join(package_, 'model'))
  }
})

/** A square of a photograph, RGB, 0–255. */
async function square(photograph: string, sidePx: number): Promise<Float32Array> {
  const file = sharp(join(package_, 'demo', photograph))
  const { data } = await file
    .resize(sidePx, sidePx, { fit: 'cover' })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return Float32Array.from(data)
}

/** The upper rows of such a square as the detectors take them: a plane for each colour. */
function planes(pixels: Float32Array, sidePx: number, rows = sidePx) {
  const place = (i: number) => (i % (rows * sidePx)) * 3 + Math.floor(i / (rows * sidePx))
  return Float32Array.from({ length: 3 * rows * sidePx }, (_, i) => pixels[place(i)]!)
}

const traced = (name: string, images: Float32Array, count: number, sidePx: number) =>
  run(name, images, [count, sidePx, sidePx, 3])

async function run(name: string, images: Float32Array, shape: number[]) {
  const { bytes } = await loadModel(models, name)
  const session = await openSession(bytes, { processor: 'cpu', threads: 1 })
  const outputs = await session.run({ image: new Tensor('float32', images, shape) })
  await session.release()
  return Object.fromEntries(Object.entries(outputs).map(([key, { data }]) => [key, data as Float32Array]))
}

const worst = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  expect(a.length).toBe(b.length)
  return Array.from(a).reduce((most, value, index) => Math.max(most, Math.abs(value - b[index]!)), 0)
}

/** Every face that a detector's numbers hold. */
function faces(boxes: Float32Array, scores: Float32Array): Detection[] {
  const all = Array.from(scores, (score, i): Detection => {
    const [top, left, bottom, right] = boxes.slice(i * 4, i * 4 + 4) as unknown as [
      number,
      number,
      number,
      number,
    ]
    return { box: { top, left, height: bottom - top, width: right - left }, score }
  })
  return suppress(
    all.filter(({ score }) => score > 0.5),
    0.5,
  )
}

const asBatch = (pixels: Float32Array, sidePx: number) => tf.tensor4d(pixels, [1, sidePx, sidePx, 3])

describe.each(photographs)('%s', (photograph) => {
  test('SsdMobilenetv1: boxes and scores', async () => {
    const pixels = await square(photograph, 512)
    const image = planes(pixels, 512)
    const { boxes, scores } = await run('ssd-mobilenet-v1', image, [1, 3, 512, 512])
    const input = await faceApi.toNetInput(asBatch(pixels, 512))
    const expected = faceApi.nets.ssdMobilenetv1.forwardInput(input)
    expect(worst(boxes!, expected.boxes[0].dataSync())).toBeLessThan(1e-4)
    expect(worst(scores!, expected.scores[0].dataSync())).toBeLessThan(1e-4)
  })

  test.each([384, 288])(
    'SsdMobilenetv1 over %i rows finds the faces above black that lies below',
    async (rows) => {
      const pixels = (await square(photograph, 512)).fill(0, rows * 512 * 3)
      const image = planes(pixels, 512, rows)
      const { boxes, scores } = await run('ssd-mobilenet-v1', image, [1, 3, rows, 512])
      const input = await faceApi.toNetInput(asBatch(pixels, 512))
      const expected = faceApi.nets.ssdMobilenetv1.forwardInput(input)
      const ours = faces(boxes!, scores!)
      const theirs = faces(expected.boxes[0].dataSync(), expected.scores[0].dataSync())
      const twinOf = ({ box }: Detection, among: Detection[]) =>
        among.toSorted((a, b) => overlap(b.box, box) - overlap(a.box, box))[0]!
      for (const face of ours) expect(overlap(twinOf(face, theirs).box, face.box)).toBeGreaterThan(0.3)
      // Of a face that the edge cuts, either may see another part.
      const isWhole = ({ box }: Detection) => box.top + box.height < rows / 512
      for (const face of theirs.filter(isWhole)) {
        const twin = twinOf(face, ours)
        expect(overlap(twin.box, face.box)).toBeGreaterThan(0.95)
        expect(Math.abs(twin.score - face.score)).toBeLessThan(0.05) // near the edge the black is missed a little
      }
    },
  )

  test('TinyFaceDetector: every detection of face-api is among the decoded boxes, with its score', async () => {
    const pixels = await square(photograph, 320)
    const { boxes, scores } = await run('tiny-face-detector', planes(pixels, 320), [1, 3, 320, 320])
    const found = await faceApi.nets.tinyFaceDetector.locateFaces(asBatch(pixels, 320), {
      inputSize: 320,
      scoreThreshold: 0.3,
    })
    expect(scores!.filter((score) => score > 0.3).length).toBeGreaterThanOrEqual(found.length)
    for (const { score, relativeBox } of found) {
      const index = scores!.reduce(
        (best, each, i) => (Math.abs(each - score) < Math.abs(scores![best]! - score) ? i : best),
        0,
      )
      const expected = [relativeBox.top, relativeBox.left, relativeBox.bottom, relativeBox.right]
      expect(Math.abs(scores![index]! - score)).toBeLessThan(1e-4)
      expect(worst(boxes!.slice(index * 4, index * 4 + 4), expected)).toBeLessThan(1e-4)
    }
  })

  test('FaceLandmark68Net: 68 points', async () => {
    const pixels = await square(photograph, 112)
    const { landmarks } = await traced('face-landmark-68', pixels, 1, 112)
    const input = await faceApi.toNetInput(asBatch(pixels, 112))
    const expected = faceApi.nets.faceLandmark68Net.forwardInput(input).dataSync()
    expect(worst(landmarks!, expected)).toBeLessThan(1e-4)
  })

  test('FaceRecognitionNet: the embedding', async () => {
    const pixels = await square(photograph, 150)
    const { embedding, features } = await traced('face-recognition', pixels, 1, 150)
    const expected = (await faceApi.nets.faceRecognitionNet.computeFaceDescriptor(
      asBatch(pixels, 150),
    )) as Float32Array
    expect(worst(embedding!, expected)).toBeLessThan(1e-4)
    // The features times the last layer are the embedding.
    const layer = faceApi.nets.faceRecognitionNet.params.fc as tf.Tensor2D
    const product = tf.matMul(tf.tensor2d(features!, [1, 256]), layer).dataSync()
    expect(worst(product, expected)).toBeLessThan(1e-4)
  })
})

test('SsdMobilenetv1 knows what face-api makes of black without looking at it', async () => {
  const black = new Float32Array(512 * 512 * 3)
  const { boxes, scores } = await run('ssd-mobilenet-v1', planes(black, 512, 32), [1, 3, 32, 512])
  const expected = faceApi.nets.ssdMobilenetv1.forwardInput(await faceApi.toNetInput(asBatch(black, 512)))
  const theirs = { boxes: expected.boxes[0].dataSync(), scores: expected.scores[0].dataSync() }
  // Far from every edge: the finer grid's 32 × 32 cells have three anchors each, the coarser one's 16 × 16 six.
  for (const { start, cells, anchors, far } of [
    { start: 0, cells: 32, anchors: 3, far: 11 },
    { start: 32 * 32 * 3, cells: 16, anchors: 6, far: 7 },
  ])
    for (let row = far; row < cells - far; row++)
      for (let at = row * cells + far; at < (row + 1) * cells - far; at++) {
        const from = start + at * anchors
        expect(
          worst(scores!.slice(from, from + anchors), theirs.scores.slice(from, from + anchors)),
        ).toBeLessThan(1e-4)
        expect(
          worst(
            boxes!.slice(from * 4, (from + anchors) * 4),
            theirs.boxes.slice(from * 4, (from + anchors) * 4),
          ),
        ).toBeLessThan(1e-4)
      }
})

test('tiny detector finds a face on at least one sample, so that the comparison above compares something', async () => {
  const scores = await Promise.all(
    photographs.map(async (each) => {
      const image = planes(await square(each, 320), 320)
      return (await run('tiny-face-detector', image, [1, 3, 320, 320])).scores!
    }),
  )
  expect(scores.filter((each) => each.some((score) => score > 0.5)).length).toBeGreaterThan(0)
})

test.each([
  ['face-recognition', 'embedding', 150],
  ['face-landmark-68', 'landmarks', 112],
] as const)(
  '%s takes a batch of any size, and gives each face what it gives it alone',
  async (name, output, sidePx) => {
    const images = await Promise.all(photographs.slice(0, 3).map((each) => square(each, sidePx)))
    const joined = new Float32Array(3 * sidePx * sidePx * 3)
    images.forEach((image, index) => joined.set(image, index * image.length))
    const together = (await traced(name, joined, 3, sidePx))[output]!
    for (const [index, image] of images.entries()) {
      const alone = (await traced(name, image, 1, sidePx))[output]!
      expect(worst(together.slice(index * alone.length, (index + 1) * alone.length), alone)).toBeLessThan(
        1e-5,
      )
    }
  },
)

test('the manifest names inputs and outputs as the files have them', async () => {
  for (const [name, { inputs, outputs }] of Object.entries(await readManifest(models))) {
    const session = await openSession((await loadModel(models, name)).bytes, { processor: 'cpu', threads: 1 })
    expect(session.inputNames).toEqual(inputs.map((input) => input.name))
    expect(session.outputNames).toEqual(outputs.map((output) => output.name))
    await session.release()
  }
})
