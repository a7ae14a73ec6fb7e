import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Picture } from '../../src-main/vision/face.ts'

const require = createRequire(import.meta.url)

/** One face as face-api itself describes it. */
export interface FaceApiFace {
  score: number
  box: { left: number; top: number; width: number; height: number }
  landmarks: Float32Array // 68 points, [x0, y0, …]
  descriptor: Float32Array // 128 numbers, raw
}

export interface FaceApi {
  backend: string
  /** SSD, landmarks and descriptors through face-api's own calls. */
  describe(picture: Picture): Promise<FaceApiFace[]>
  /** Tiny detector at 320 and landmarks: what its users run on a live camera. */
  preview(picture: Picture): Promise<number>
}

interface Library {
  tf: typeof import('@tensorflow/tfjs')
  nets: Record<string, { loadFromDisk(folder: string): Promise<void> }>
  SsdMobilenetv1Options: new (options: object) => object
  TinyFaceDetectorOptions: new (options: object) => object
  detectAllFaces(input: unknown, options: object): DetectTask
}
interface DetectTask {
  withFaceLandmarks(): Promise<unknown[]> & { withFaceDescriptors(): Promise<Described[]> }
}
interface Described {
  detection: { score: number; box: { x: number; y: number; width: number; height: number } }
  landmarks: { positions: { x: number; y: number }[] }
  descriptor: Float32Array
}

/** face-api as published, on TensorFlow.js wasm: the reference for speed and for what its networks see. */
export async function openFaceApi(backend: 'wasm' | 'cpu' = 'wasm'): Promise<FaceApi> {
  const tf = require('@tensorflow/tfjs') as Library['tf']
  const wasm = require('@tensorflow/tfjs-backend-wasm') as { setWasmPaths(folder: string): void }
  wasm.setWasmPaths(
    join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist') + '/',
  )
  const folder = dirname(require.resolve('@vladmandic/face-api/package.json'))
  const faceapi = require(join(folder, 'dist/face-api.node-wasm.js')) as Library
  await tf.setBackend(backend)
  await tf.ready()
  for (const net of ['ssdMobilenetv1', 'tinyFaceDetector', 'faceLandmark68Net', 'faceRecognitionNet'])
    await faceapi.nets[net]!.loadFromDisk(join(folder, 'model'))
  const still = new faceapi.SsdMobilenetv1Options({ minConfidence: 0.5, maxResults: 100 })
  const live = new faceapi.TinyFaceDetectorOptions({ inputSize: 320, scoreThreshold: 0.5 })
  async function over<Result>({ width, height, rgb }: Picture, use: (image: unknown) => Promise<Result>) {
    const image = tf.tensor3d(rgb, [height, width, 3], 'int32')
    try {
      return await use(image)
    } finally {
      image.dispose()
    }
  }
  return {
    backend,
    describe: (picture) =>
      over(picture, async (image) => {
        const faces = await faceapi.detectAllFaces(image, still).withFaceLandmarks().withFaceDescriptors()
        return faces.map(({ detection: { score, box }, landmarks, descriptor }) => ({
          score,
          box: { left: box.x, top: box.y, width: box.width, height: box.height },
          landmarks: Float32Array.from(landmarks.positions.flatMap(({ x, y }) => [x, y])),
          descriptor,
        }))
      }),
    preview: (picture) =>
      over(picture, async (image) => (await faceapi.detectAllFaces(image, live).withFaceLandmarks()).length),
  }
}
