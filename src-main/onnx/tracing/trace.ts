import * as tf from '@tensorflow/tfjs'
import { tracingBackendName } from './backend.ts'
import { blockedLayout } from './blocked/blocked-layout.ts'
import { freeDimension } from './free-dimension.ts'
import { Graph, type GraphValue } from './graph.ts'
import { Tracer } from './layout.ts'
import { writeModel } from './model-writer.ts'
import { tracingBackend } from './register.ts'
import { simplify, withoutUnused } from './simplify.ts'
import type { DType } from './tensor.ts'

/** An input of a traced function; a text in its shape names a dimension that may have any size. */
export interface TraceInput {
  name: string
  shape: readonly (number | string)[]
  dtype?: DType // float32
  /** What every size of the free dimension is a multiple of; 1. */
  step?: number
}

export interface TracedModel {
  /** The ONNX file. */
  model: Uint8Array
  inputs: GraphValue[]
  outputs: GraphValue[]
  graph: Graph
}

export interface TraceOptions {
  metadata?: Record<string, string>
  /** Channels that ONNX Runtime's CPU kernels take at a time: a graph for those and for nothing else. 0: for any processor. */
  block?: number
}

export type TracedFunction = (inputs: Record<string, tf.Tensor>) => Record<string, tf.Tensor>

/** Two sizes for a free dimension: what differs between the two graphs depends on it. */
const trialSizes = [3, 5] as const

/**
 * Runs `fn` once on symbolic tensors and gives what it did as an ONNX model, gradients included; outputs carry the
 * names under which `fn` returns them. Throws where `fn` reads a value, draws a random number, or uses a kernel
 * that has no ONNX form.
 */
export function traceFunction(
  fn: TracedFunction,
  inputs: readonly TraceInput[],
  { metadata = {}, block = 0 }: TraceOptions = {},
): TracedModel {
  const free = [...new Set(inputs.flatMap(({ shape }) => shape.filter((size) => typeof size === 'string')))]
  if (free.length > 1) throw new Error(`One dimension can be free, not ${free.length}: ${free.join(', ')}`)
  const [name] = free
  const graph =
    name === undefined
      ? record(fn, inputs, 0, block)
      : freeDimension(record(fn, inputs, trialSizes[0]), record(fn, inputs, trialSizes[1]), name)
  return { model: writeModel(graph, metadata), inputs: graph.inputs, outputs: graph.outputs, graph }
}

function record(fn: TracedFunction, inputs: readonly TraceInput[], freeSize: number, block = 0): Graph {
  const graph = new Graph()
  const tracer = new Tracer(graph, block)
  const backend = tracingBackend()
  if (backend.tracer) throw new Error('A trace is under way already')
  const before = tf.getBackend()
  backend.tracer = tracer
  // Takes effect before it returns: the tracing backend needs nothing asynchronous.
  void tf.setBackend(tracingBackendName)
  try {
    tf.tidy(() => {
      const tensors: Record<string, tf.Tensor> = {}
      for (const { name, shape, dtype = 'float32', step = 1 } of inputs) {
        const sizes = shape.map((size) => (typeof size === 'string' ? freeSize * step : size))
        graph.inputs.push({ name, shape: sizes, dtype })
        const info = backend.keep(tracer.output(name, { dtype, shape: sizes }))
        tensors[name] = tf.engine().makeTensorFromTensorInfo(info)
      }
      for (const [name, tensor] of Object.entries(fn(tensors))) {
        const value = tracer.plain(backend.tensorOf(tensor))
        graph.nodes.push({
          operator: 'Identity',
          inputs: [tracer.nameOf(value)],
          outputs: [name],
          attributes: {},
        })
        graph.outputs.push({ name, shape: [...value.shape], dtype: value.dtype })
      }
    })
  } finally {
    backend.tracer = null
    void tf.setBackend(before)
  }
  return block > 1 ? withoutUnused(blockedLayout(simplify(graph), block)) : simplify(graph)
}
