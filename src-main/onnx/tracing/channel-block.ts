import { InferenceSession, Tensor } from 'onnxruntime-node'
import { Graph } from './graph.ts'
import { writeModel } from './model-writer.ts'

/**
 * How many channels ONNX Runtime's blocked CPU kernels take at a time on this machine: 16 with AVX-512, 8 with AVX, 0
 * where there are no such kernels. Found by asking the operator that pads channels to a whole block.
 */
export async function channelBlock(): Promise<number> {
  const graph = new Graph()
  const shape = [1, 4, 1, 1]
  graph.inputs.push({ name: 'x', shape, dtype: 'float32' })
  graph.nodes.push({
    operator: 'com.microsoft.nchwc.ReorderInput',
    inputs: ['x'],
    outputs: ['y'],
    attributes: {},
  })
  graph.outputs.push({ name: 'y', shape: [1, 'padded', 1, 1], dtype: 'float32' })
  try {
    const session = await InferenceSession.create(writeModel(graph), {
      executionProviders: ['cpu'],
      logSeverityLevel: 4,
    })
    const { y } = await session.run({ x: new Tensor('float32', new Float32Array(4), shape) })
    await session.release()
    return y!.dims[1]!
  } catch {
    return 0 // the operator is unknown: this build or this processor has no blocked kernels
  }
}
