import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'

/** One traced network as the pipeline uses it: an image batch in, named outputs out. */
export interface Network {
  /** `images` is [n, height, width, 3], RGB, 0–255; the outputs are in the manifest's names. */
  run(images: Float32Array<ArrayBuffer>, shape: readonly number[]): Promise<Record<string, Float32Array>>
  close(): Promise<void>
}

const names = ['tiny-face-detector', 'ssd-mobilenet-v1', 'face-landmark-68', 'face-recognition'] as const

/** The four networks of the pipeline, loaded. */
export type Networks = Record<(typeof names)[number], Network> & { model: { name: string; version: string } }

/** Loads the pipeline's networks from a folder of ONNX files, side by side. */
export async function openNetworks(folder: string, threads: number): Promise<Networks> {
  const opened = await Promise.all(
    names.map(async (name) => [name, await openNetwork(folder, name, threads)] as const),
  )
  const nets = Object.fromEntries(opened) as Record<(typeof names)[number], Network>
  return { ...nets, model: { name: 'face-recognition', version: '1' } }
}

async function openNetwork(folder: string, name: string, threads: number): Promise<Network> {
  const session = await InferenceSession.create(await readFile(join(folder, `${name}.onnx`)), {
    intraOpNumThreads: threads,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  })
  return {
    async run(images, shape) {
      const outputs = await session.run({ image: new Tensor('float32', images, shape) })
      return Object.fromEntries(
        Object.entries(outputs).map(([output, tensor]) => [output, tensor.data as Float32Array]),
      )
    },
    close: () => session.release(),
  }
}
