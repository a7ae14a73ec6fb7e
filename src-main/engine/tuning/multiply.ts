import { setImmediate as nextTurn } from 'node:timers/promises'
import { multiplyHere } from '../../evaluation/multiply.ts'
import type { Multiply } from '../../evaluation/multiply.ts'

const fewRows = 1500 // a million pairs take JavaScript half a second; loading ONNX Runtime takes as long

/**
 * Products of a measurement, between which the engine answers others: in JavaScript for a small gallery, else by ONNX
 * Runtime, ten times faster.
 */
export async function multiplier(rows: number, dimension: number): Promise<Multiply> {
  const multiply = rows > fewRows ? await onnxMultiply(dimension) : multiplyHere
  return async (...factors) => {
    await nextTurn()
    return multiply(...factors)
  }
}

/** a · bᵀ of any number of rows: one Gemm. */
async function onnxMultiply(dimension: number): Promise<Multiply> {
  const [{ Tensor }, { openSession }, { Graph }, { writeModel }] = await Promise.all([
    import('onnxruntime-node'),
    import('../../onnx/session.ts'),
    import('../../onnx/tracing/graph.ts'),
    import('../../onnx/tracing/model-writer.ts'),
  ])
  const graph = new Graph()
  graph.inputs = [
    { name: 'a', shape: ['m', dimension], dtype: 'float32' },
    { name: 'b', shape: ['n', dimension], dtype: 'float32' },
  ]
  const [product] = graph.add('Gemm', ['a', 'b'], { transB: 1 })
  graph.outputs = [{ name: product!, shape: ['m', 'n'], dtype: 'float32' }]
  const session = await openSession(writeModel(graph), { processor: 'cpu', threads: 1 })
  return async (a, aRows, b, bRows) => {
    const outputs = await session.run({
      a: new Tensor('float32', a.subarray(0, aRows * dimension), [aRows, dimension]),
      b: new Tensor('float32', b.subarray(0, bRows * dimension), [bRows, dimension]),
    })
    return outputs[product!]!.data as Float32Array
  }
}
