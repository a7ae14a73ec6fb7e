import { availableParallelism, cpus } from 'node:os'
import * as tf from '@tensorflow/tfjs'
import { eagerRunner } from './eager-runner.ts'
import { onnxRunner } from './onnx-runner.ts'
import type { ProcessorName } from './processors.ts'
import type { OpenRunner } from './step-runner.ts'
import { loadTensorflow, type TensorflowLoad } from './tensorflow-module.ts'

export interface OpenedProcessor {
  openRunner: OpenRunner
  /** As a person calls it. */
  device: string
}

export interface OpenProcessorSettings {
  threads?: number
  loadTensorflow?: () => TensorflowLoad
  /** The name of the native module's backend; tests put TensorFlow.js `cpu` in its place. */
  tensorflowBackend?: string
}

/** The runner of a processor. Throws with the loader's own words where TensorFlow.js's native module is missing; ONNX Runtime says what it lacks when a step is opened. */
export async function openProcessor(
  name: ProcessorName,
  settings: OpenProcessorSettings = {},
): Promise<OpenedProcessor> {
  const { threads = Math.max(1, Math.min(availableParallelism(), 16)) } = settings
  const model = cpus()[0]?.model.trim() ?? 'CPU'
  // What a trace knows beforehand it computes on TensorFlow.js's own backend, and so do the checks of an export.
  if (name !== 'tensorflow') await tf.setBackend('cpu')
  switch (name) {
    case 'cpu':
      return {
        openRunner: onnxRunner({ executionProviders: ['cpu'], threads }),
        device: `${model}, ${threads} threads`,
      }
    case 'webgpu':
    case 'dml':
    case 'cuda':
      return {
        openRunner: onnxRunner({ executionProviders: [name], threads }),
        device: { webgpu: 'GPU by WebGPU', dml: 'GPU by DirectML', cuda: 'NVIDIA GPU by CUDA' }[name],
      }
    case 'tensorflow': {
      const loaded = (settings.loadTensorflow ?? loadTensorflow)()
      if (loaded.kind === 'missing') throw new Error(loaded.reason)
      const backend = settings.tensorflowBackend ?? 'tensorflow'
      if (!(await tf.setBackend(backend)))
        throw new Error(`${loaded.module} loaded, but its backend “${backend}” did not start`)
      return { openRunner: eagerRunner, device: `TensorFlow by ${loaded.module}` }
    }
  }
}
