import { size } from './network.ts'
import type { Values } from './initialise.ts'

/** One entry of face-api's weights manifest. */
interface ManifestEntry {
  name: string
  shape: number[]
  quantization?: { dtype: 'uint8'; scale: number; min: number }
}

/**
 * The pre-trained parameters of `recognitionNet` from face-api's `face_recognition_model`: its parsed weights manifest
 * and the bytes of its `.bin`. Throws when the bytes do not fit the manifest.
 */
export function recognitionWeights(manifest: unknown, bytes: Uint8Array): Values {
  const entries = (manifest as [{ weights: ManifestEntry[] }])[0].weights
  const published = new Map<string, { values: Float32Array; shape: number[] }>()
  let offset = 0
  for (const { name, shape, quantization } of entries) {
    const count = size(shape)
    const length = count * (quantization ? 1 : 4)
    const part = Uint8Array.from(bytes.subarray(offset, (offset += length))) // a copy: floats must start at a multiple of four
    const values = quantization
      ? Float32Array.from(part, (q) => q * quantization.scale + quantization.min)
      : new Float32Array(part.buffer)
    published.set(name, { values, shape })
  }
  if (offset !== bytes.length) throw new Error(`the weights hold ${bytes.length} bytes, expected ${offset}`)

  const values: Values = { 'fc.weights': published.get('fc')!.values }
  for (const [path, { values: filters, shape }] of published) {
    if (!path.endsWith('/conv/filters')) continue
    const layer = path.slice(0, -'/conv/filters'.length)
    const name = layer.replace('/conv', '.') // conv32_1/conv1 → conv32_1.1
    const part = (what: string) => published.get(`${layer}/${what}`)!.values
    const [bias, scale, shift] = [part('conv/bias'), part('scale/weights'), part('scale/biases')]
    values[`${name}.weights`] = outputFirst(filters, shape)
    values[`${name}.scale`] = scale
    values[`${name}.shift`] = shift.map((value, i) => value + bias[i]! * scale[i]!) // (x + b)·s + c = x·s + (b·s + c)
  }
  return values
}

/** H,W,I,O → O,I,H,W */
function outputFirst(filters: Float32Array, shape: readonly number[]): Float32Array {
  const [height, width, inputs, outputs] = shape as [number, number, number, number]
  const result = new Float32Array(filters.length)
  let from = 0
  for (let h = 0; h < height; h++)
    for (let w = 0; w < width; w++)
      for (let i = 0; i < inputs; i++)
        for (let o = 0; o < outputs; o++)
          result[((o * inputs + i) * height + h) * width + w] = filters[from++]!
  return result
}
