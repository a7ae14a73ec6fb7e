import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type * as Tensorflow from '@tensorflow/tfjs'
import type { TracedFunction, TraceInput } from '../src-main/onnx/tracing/trace.ts'
import { ssdOverRows, ssdRowStep, type SsdParameters } from './ssd-mobilenet.ts'

type Tf = typeof Tensorflow
type Tensor = Tensorflow.Tensor

/** One network as it is traced out of face-api, with what its card says. */
export interface NetworkDescription {
  input: TraceInput
  trace: TracedFunction
  preprocessing: string
  holds: Record<string, string> // by output
  weights: string // the file they come from
  licence: string
  /** What the source leaves open. */
  unstated: string[]
}

/** face-api's networks with their weights loaded, on the one copy of TensorFlow.js that the tracer knows too. */
export interface FaceApi {
  tf: Tf
  version: string
  networks: Record<string, NetworkDescription>
}

/** The parts of face-api that are used; its own types stand in a file that its package does not ship whole. */
interface Library {
  NetInput: { prototype: object }
  nets: {
    ssdMobilenetv1: Net<{ boxes: Tensor[]; scores: Tensor[] }>
    tinyFaceDetector: Net<Tensor> & { config: { anchors: { x: number; y: number }[] } }
    faceLandmark68Net: Net<Tensor> & { runNet(input: object): Tensor }
    faceRecognitionNet: Net<Tensor>
  }
}
interface Net<Output> {
  params: Record<string, unknown>
  loadFromDisk(folder: string): Promise<void>
  forwardInput(input: object, inputSize?: number): Output
}

const require = createRequire(import.meta.url)
const backgroundAndFace = 5 // numbers a tiny detector's anchor predicts: x, y, width, height, confidence

/** Loads face-api and its four networks from the npm package; nothing is fetched. */
export async function loadFaceApi(): Promise<FaceApi> {
  const tf = require('@tensorflow/tfjs') as Tf
  tf.enableProdMode() // no banner, no checks of its own
  await tf.setBackend('cpu')
  const folder = dirname(require.resolve('@vladmandic/face-api/package.json'))
  // This bundle takes TensorFlow.js from outside, so that there is one copy of it. It asks for the wasm backend by name.
  const library = require(join(folder, 'dist', 'face-api.node-wasm.js')) as Library
  const { ssdMobilenetv1, tinyFaceDetector, faceLandmark68Net, faceRecognitionNet } = library.nets
  for (const net of [ssdMobilenetv1, tinyFaceDetector, faceLandmark68Net, faceRecognitionNet]) {
    await net.loadFromDisk(join(folder, 'model'))
  }
  // face-api tests `instanceof NetInput` and asks it for a batch of the size it needs: ours is of that size already.
  const asInput = (image: Tensor) =>
    Object.create(library.NetInput.prototype, { toBatchTensor: { value: () => image } })
  const { version } = require('@vladmandic/face-api/package.json') as { version: string }

  return {
    tf,
    version,
    networks: {
      'tiny-face-detector': {
        input: { name: 'image', shape: [1, 3, 320, 320] },
        weights: 'tiny_face_detector_model.bin',
        licence: 'MIT, as stated for the package and by face-api.js',
        unstated: [
          'on which photographs it was trained beyond "about 14,000 images labelled with bounding boxes"',
          'how it does for different groups of people',
        ],
        trace: ({ image }) => {
          const grid = tinyFaceDetector.forwardInput(asInput(image!.transpose([0, 2, 3, 1])), 320)
          return decodeGrid(tf, grid, tinyFaceDetector.config.anchors)
        },
        preprocessing:
          'planes of red, green and blue, 0–255, the picture in the upper left corner of a black square; the network subtracts face-api’s mean colour and divides by 255',
        holds: {
          boxes: '[n, 4] top, left, bottom, right in sides of the square, before suppression',
          scores: '[n] 0–1',
        },
      },
      'ssd-mobilenet-v1': {
        input: { name: 'image', shape: [1, 3, 'rows', 512], step: ssdRowStep },
        weights: 'ssd_mobilenetv1_model.bin',
        licence: 'MIT, as stated for the package; face-api.js states that it was trained on WIDER FACE',
        unstated: [
          'the terms of WIDER FACE for derived weights',
          'how it does for different groups of people',
        ],
        trace: ({ image }) =>
          ssdOverRows(
            tf,
            ssdMobilenetv1.params as unknown as SsdParameters,
            image!.transpose<Tensorflow.Tensor4D>([0, 2, 3, 1]).div(127.5).sub(1),
          ),
        preprocessing:
          'planes of red, green and blue, 0–255, the picture in the upper left corner of a black square, of which rows below the picture may be left out, as many as leave a multiple of 32; the network maps 0–255 to −1–1',
        holds: {
          boxes: '[n, 4] top, left, bottom, right in sides of the square, before suppression',
          scores: '[n] 0–1',
        },
      },
      'face-landmark-68': {
        input: { name: 'image', shape: ['n', 112, 112, 3] },
        weights: 'face_landmark_68_model.bin',
        licence: 'MIT, as stated for the package and by face-api.js',
        unstated: [
          'which photographs the "about 35,000 face images" are',
          'how it does for different groups of people',
        ],
        trace: ({ image }) => ({ landmarks: faceLandmark68Net.runNet(asInput(image!)) }),
        preprocessing:
          'RGB, 0–255, the face in the middle of a square; the network subtracts face-api’s mean colour and divides by 255',
        holds: { landmarks: '[n, 136] x and y of 68 points (iBUG 300-W order) in sides of the square' },
      },
      'face-recognition': {
        input: { name: 'image', shape: ['n', 150, 150, 3] },
        weights: 'face_recognition_model.bin',
        licence:
          'MIT, as stated for the package; converted from dlib’s dlib_face_recognition_resnet_model_v1, which its author placed in the public domain (CC0)',
        unstated: [
          'the terms of every photograph dlib trained on (about 3 million, from face scrub, VGG and the web)',
          'how it does for different groups of people',
        ],
        trace: ({ image }) => {
          const { fc } = faceRecognitionNet.params as { fc: Tensorflow.Tensor2D }
          // face-api multiplies the pooled features by its last layer; with the identity there they come out as they are.
          const pooled = Object.create(faceRecognitionNet, {
            params: { value: { ...faceRecognitionNet.params, fc: tf.eye(fc.shape[0]) } },
          }) as typeof faceRecognitionNet
          const features = pooled.forwardInput(asInput(image!))
          return { features, embedding: tf.matMul(features as Tensorflow.Tensor2D, fc) }
        },
        preprocessing:
          'RGB, 0–255, the standard crop; the network subtracts dlib’s mean colour and divides by 255',
        holds: {
          features: '[n, 256] pooled activations before the last linear layer',
          embedding: '[n, 128] not normalised; smaller Euclidean distance, more alike',
        },
      },
    },
  }
}

/**
 * Boxes and confidences of a tiny detector's grid [1, m, m, anchors × 5], as face-api decodes them cell by cell
 * (YOLOv2: Redmon and Farhadi 2017, section 2).
 */
function decodeGrid(
  tf: Tf,
  grid: Tensor,
  anchors: { x: number; y: number }[],
): { boxes: Tensor; scores: Tensor } {
  const m = grid.shape[1]!
  const cells = grid.reshape([m, m, anchors.length, backgroundAndFace])
  const part = (at: number, length: number) => cells.slice([0, 0, 0, at], [m, m, anchors.length, length])
  const range = Array.from({ length: m }, (_, i) => i)
  const rows = tf.tensor(range, [m, 1, 1, 1])
  const columns = tf.tensor(range, [1, m, 1, 1])
  const sizes = (side: 'x' | 'y') =>
    tf.tensor(
      anchors.map((anchor) => anchor[side] / m),
      [1, 1, anchors.length, 1],
    )

  const x = part(0, 1).sigmoid().add(columns).div(m)
  const y = part(1, 1).sigmoid().add(rows).div(m)
  const halfWidth = part(2, 1).exp().mul(sizes('x')).div(2)
  const halfHeight = part(3, 1).exp().mul(sizes('y')).div(2)
  const boxes = tf.concat([y.sub(halfHeight), x.sub(halfWidth), y.add(halfHeight), x.add(halfWidth)], 3)
  return { boxes: boxes.reshape([-1, 4]), scores: part(4, 1).sigmoid().reshape([-1]) }
}
