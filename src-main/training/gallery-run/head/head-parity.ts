import { InferenceSession, Tensor } from 'onnxruntime-node'
import { exportNetwork } from '../../export-network.ts'
import { applyHead, type Head } from './head.ts'
import { headNetwork } from './train-head.ts'

/**
 * Largest difference, component by component, between embeddings of the exported head and of `applyHead`, which
 * decides; NaN where the head cannot be exported.
 */
export async function headParity(vectors: Float32Array, dimension: number, head: Head): Promise<number> {
  if (!head.every(Number.isFinite)) return NaN
  const network = headNetwork(dimension)
  const parameters = { [network.parameters[0]!.name]: head }
  const rows = Math.min(16, vectors.length / dimension)
  const input = vectors.slice(0, rows * dimension)
  try {
    const { onnx, difference } = await exportNetwork(network, { parameters, statistics: {} }, {})
    const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1 })
    const { embedding } = await session.run({ image: new Tensor('float32', input, [rows, dimension]) })
    await session.release()
    let largest = difference
    const given = embedding!.data as Float32Array
    for (let row = 0; row < rows; row++) {
      const part = (all: Float32Array) => all.slice(row * dimension, (row + 1) * dimension)
      const norm = Math.hypot(...part(given))
      const ours = applyHead(part(input), head)
      part(given).forEach((value, i) => (largest = Math.max(largest, Math.abs(value / norm - ours[i]!))))
    }
    return largest
  } catch {
    return NaN // `exportNetwork` refuses what differs; the gate's line says so
  }
}
