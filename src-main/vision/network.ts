import { Tensor } from 'onnxruntime-node'
import { loadModel } from '../onnx/model-store.ts'
import { openSession } from '../onnx/session.ts'

/** One traced network as the pipeline uses it: an image batch in, named outputs out. */
export interface Network {
  /** As the manifest has it; goes up whenever the numbers that come out change. */
  version: string
  /** `images` is of the shape that the manifest says, 0–255; the outputs are in its names. */
  run(images: Float32Array<ArrayBuffer>, shape: readonly number[]): Promise<Record<string, Float32Array>>
  close(): Promise<void>
}

const names = ['tiny-face-detector', 'ssd-mobilenet-v1', 'face-landmark-68', 'face-recognition'] as const

/** The four networks of the pipeline, loaded. */
export type Networks = Record<(typeof names)[number], Network>

/** Loads the pipeline's networks side by side; throws `ModelRefused` where one is missing or altered. */
export async function openNetworks(folder: string, threads: number): Promise<Networks> {
  const opened = names.map(async (name) => [name, await openNetwork(folder, name, threads)] as const)
  return Object.fromEntries(await Promise.all(opened)) as Networks
}

async function openNetwork(folder: string, name: string, threads: number): Promise<Network> {
  const { bytes, description } = await loadModel(folder, name)
  return networkOf(bytes, description.version, threads)
}

/** A network from its ONNX file, which whoever hands it in has checked. */
export async function networkOf(bytes: Uint8Array, version: string, threads: number): Promise<Network> {
  const session = await openSession(bytes, { processor: 'cpu', threads })
  return {
    version,
    async run(images, shape) {
      const outputs = await session.run({ image: new Tensor('float32', images, shape) })
      const values = Object.entries(outputs).map(([output, { data }]) => [output, data as Float32Array])
      return Object.fromEntries(values) as Record<string, Float32Array>
    },
    close: () => session.release(),
  }
}
