/**
 * Runs the kernel table on ONNX Runtime's WebGPU provider and prints one JSON line per case: in a process of its own,
 * since a driver that crashes takes its process down.
 */
import * as tf from '@tensorflow/tfjs'
import { kernelCases } from './kernel-table.ts'
import { difference, eager, traced } from './parity.ts'

tf.enableProdMode()
await tf.setBackend('cpu')
for (const [index, kernelCase] of kernelCases.entries()) {
  const real = kernelCase.inputs.some(({ dtype = 'float32' }) => dtype === 'float32')
  const withGradients = real && (kernelCase.gradient ?? 'cpu') === 'cpu'
  const title = [kernelCase.kernel, kernelCase.what].filter(Boolean).join(', ')
  try {
    const expected = eager(kernelCase, withGradients)
    const actual = await traced(kernelCase, withGradients, 'webgpu')
    const worst = Math.max(...Object.keys(expected).map((name) => difference(expected[name]!, actual[name]!)))
    console.log(JSON.stringify({ index, title, worst: Number.isFinite(worst) ? worst : 'not finite' }))
  } catch (error) {
    console.log(JSON.stringify({ index, title, error: String(error).slice(0, 300) }))
  }
}
process.exit(0) // the provider's teardown is not what is tested
