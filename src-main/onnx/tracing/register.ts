import * as tf from '@tensorflow/tfjs'
import { TracingBackend, tracingBackendName } from './backend.ts'
import type { TracedKernel } from './kernel.ts'
import { convolutionKernels } from './kernels/convolution.ts'
import { elementwiseKernels } from './kernels/elementwise.ts'
import { averagePoolGradients } from './kernels/gradients/average-pool.ts'
import { convolutionFilterGradients } from './kernels/gradients/convolution-filter.ts'
import { convolutionInputGradients } from './kernels/gradients/convolution-input.ts'
import { depthwiseFilterGradients } from './kernels/gradients/depthwise-filter.ts'
import { maxPoolGradients } from './kernels/gradients/max-pool.ts'
import { matrixKernels } from './kernels/matrix.ts'
import { poolingKernels } from './kernels/pooling.ts'
import { reductionKernels } from './kernels/reduction.ts'
import { shapeKernels } from './kernels/shape.ts'

/** Every kernel that can be recorded, by TensorFlow.js's name. */
export function tracedKernels(): Map<string, TracedKernel> {
  const kernels = new Map<string, TracedKernel>()
  const tables = [
    shapeKernels,
    reductionKernels,
    matrixKernels,
    convolutionKernels,
    poolingKernels,
    convolutionInputGradients,
    convolutionFilterGradients,
    depthwiseFilterGradients,
    averagePoolGradients,
    maxPoolGradients,
  ]
  for (const table of tables) {
    for (const [name, entry] of Object.entries(table)) {
      kernels.set(name, typeof entry === 'function' ? { trace: entry } : entry)
    }
  }
  for (const [name, entry] of Object.entries(elementwiseKernels)) {
    // A condition of rank one selects rows: the one elementwise kernel whose inputs do not broadcast from the right.
    const elementwise = name !== 'Select'
    kernels.set(name, typeof entry === 'function' ? { trace: entry, elementwise } : entry)
  }
  return kernels
}

/** The tracing backend, registered with TensorFlow.js on first use. */
export function tracingBackend(): TracingBackend {
  const registered = tf.findBackend(tracingBackendName)
  if (registered) return registered as TracingBackend
  const backend = new TracingBackend()
  const kernels = tracedKernels()
  const names = new Set([
    ...kernels.keys(),
    ...tf.getKernelsForBackend('cpu').map(({ kernelName }) => kernelName),
  ])
  for (const kernelName of names) {
    const kernel = kernels.get(kernelName)
    tf.registerKernel({
      kernelName,
      backendName: tracingBackendName,
      kernelFunc: ({ inputs, attrs }) => backend.run(kernelName, kernel, inputs, attrs ?? {}),
    })
  }
  registerZeroGradients()
  tf.registerBackend(tracingBackendName, () => backend, 0)
  return backend
}

/**
 * Comparisons and logical operations are flat where they have a slope at all, but TensorFlow.js gives them no
 * gradient, so that any mask made from embeddings would throw.
 */
function registerZeroGradients(): void {
  const flat = [
    'Equal',
    'NotEqual',
    'Greater',
    'GreaterEqual',
    'Less',
    'LessEqual',
    'LogicalAnd',
    'LogicalOr',
  ]
  for (const kernelName of flat) {
    tf.registerGradient({
      kernelName,
      inputsToSave: ['a', 'b'],
      gradFunc: (_, [a, b]) => ({ a: () => tf.zeros(a!.shape), b: () => tf.zeros(b!.shape) }),
    })
  }
  for (const kernelName of ['LogicalNot', 'IsNan', 'IsInf', 'IsFinite']) {
    tf.registerGradient({
      kernelName,
      inputsToSave: ['x'],
      gradFunc: (_, [x]) => ({ x: () => tf.zeros(x!.shape) }),
    })
  }
}
