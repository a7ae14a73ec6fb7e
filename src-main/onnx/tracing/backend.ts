import * as tf from '@tensorflow/tfjs'
import { broadcastShape, Tracer } from './layout.ts'
import type { KernelInputs, TracedKernel } from './kernel.ts'
import { constant, isConstant, sameNumbers, type DType, type TracedTensor, type Values } from './tensor.ts'

/** The name under which the tracing backend is known to TensorFlow.js. */
export const tracingBackendName = 'onnx-tracing'

/** Ops whose result changes from call to call: traced, one draw would be frozen into the graph. */
const randomOps = /^(rand|truncatedNormal|multinomial|stateless|dropout)/i

interface Entry {
  tensor: TracedTensor
  tracer: Tracer | null // null: a constant, valid in every trace
  references: number
}

interface EngineScopes {
  state: { scopeStack: { name: string }[] }
}

/**
 * A TensorFlow.js backend that computes nothing: a kernel on values that are known runs on the `cpu` backend, one on
 * values that are not is recorded in the graph of the trace under way.
 */
export class TracingBackend extends tf.KernelBackend {
  tracer: Tracer | null = null
  private readonly entries: tf.DataStorage<Entry>
  private nextId = 0

  constructor() {
    super()
    this.entries = new tf.DataStorage<Entry>(this, tf.engine())
  }

  /** Runs one kernel: computed when everything it needs is known, else recorded. */
  run(
    name: string,
    kernel: TracedKernel | undefined,
    inputs: Record<string, tf.TensorInfo | undefined>,
    attributes: unknown,
  ): tf.TensorInfo | tf.TensorInfo[] {
    if (randomOps.test(name)) throw randomInTrace(name)
    const traced: KernelInputs = {}
    for (const [key, input] of Object.entries(inputs)) if (input) traced[key] = this.tensorOf(input)
    const known = Object.values(traced).every(isConstant)
    if (known && !kernel?.handlesConstants)
      return this.compute(name, inputs, traced, attributes, kernel?.elementwise ?? false)
    if (!kernel) throw new Error(`The tracing backend has no kernel for ${name}`)
    if (!this.tracer) throw new Error(`${name} was called on the tracing backend outside a trace`)
    const results = kernel.trace(this.tracer, traced, attributes)
    return Array.isArray(results) ? results.map((result) => this.keep(result)) : this.keep(results)
  }

  /** Hands a traced tensor to TensorFlow.js. */
  keep(tensor: TracedTensor): tf.TensorInfo {
    const dataId = { id: this.nextId++ }
    this.entries.set(dataId, { tensor, tracer: isConstant(tensor) ? null : this.tracer, references: 1 })
    return { dataId, shape: tensor.shape, dtype: tensor.dtype }
  }

  /** What stands behind a TensorFlow.js tensor. */
  tensorOf(info: tf.TensorInfo): TracedTensor {
    const { tensor, tracer } = this.entries.get(info.dataId)
    if (tracer && tracer !== this.tracer) {
      throw new Error('A tensor of an earlier trace was used: its value lives in that trace’s graph only')
    }
    if (sameNumbers(tensor.shape, info.shape)) return tensor
    throw new Error(`A tensor of shape [${tensor.shape.join()}] came in as [${info.shape.join()}]`)
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): tf.DataId {
    const scopes = (tf.engine() as unknown as EngineScopes).state.scopeStack
    const random = this.tracer && scopes.find((scope) => randomOps.test(scope.name))
    if (random) throw randomInTrace(random.name.replace(/__op$/, ''))
    return this.keep(constant(typedValues(values, dtype), shape, dtype as DType)).dataId
  }

  override move(
    dataId: tf.DataId,
    values: tf.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    references: number,
  ): void {
    const tensor = constant(typedValues(values, dtype), shape, dtype as DType)
    this.entries.set(dataId, { tensor, tracer: null, references })
  }

  override readSync(dataId: tf.DataId): tf.BackendValues {
    const { tensor } = this.entries.get(dataId)
    if (!isConstant(tensor)) {
      const name = (tensor.source as { name: string }).name
      throw new Error(
        `dataSync() in a trace: the value of “${name}” is only known when the graph runs. ` +
          'Write the computation with tensors, or pass the number in.',
      )
    }
    return new Tracer(this.tracer?.graph ?? ({} as never)).read(tensor).slice() as tf.BackendValues
  }

  override async read(dataId: tf.DataId): Promise<tf.BackendValues> {
    return this.readSync(dataId)
  }

  override disposeData(dataId: tf.DataId, force = false): boolean {
    if (!this.entries.has(dataId)) return true
    const entry = this.entries.get(dataId)
    entry.references--
    if (!force && entry.references > 0) return false
    this.entries.delete(dataId)
    return true
  }

  override incRef(dataId: tf.DataId): void {
    this.entries.get(dataId).references++
  }

  override refCount(dataId: tf.DataId): number {
    return this.entries.has(dataId) ? this.entries.get(dataId).references : 0
  }

  override numDataIds(): number {
    return this.entries.numDataIds()
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true }
  }

  override timerAvailable(): boolean {
    return false
  }

  override async time(run: () => void): Promise<tf.BackendTimingInfo> {
    run()
    return { kernelMs: 0 }
  }

  override floatPrecision(): 16 | 32 {
    return 32
  }

  override epsilon(): number {
    return 1e-7
  }

  override dispose(): void {}

  /** Everything is known: let TensorFlow.js's own `cpu` kernel compute it. */
  private compute(
    name: string,
    inputs: Record<string, tf.TensorInfo | undefined>,
    traced: KernelInputs,
    attributes: unknown,
    elementwise: boolean,
  ): tf.TensorInfo | tf.TensorInfo[] {
    const cpu = tf.findBackend('cpu') as CpuBackend | null
    const kernel = tf.getKernel(name, 'cpu')
    if (!cpu || !kernel)
      throw new Error(`${name} on known values needs TensorFlow.js's cpu backend, which lacks it`)
    const reader = new Tracer(this.tracer?.graph ?? ({} as never))
    const infos: Record<string, tf.TensorInfo | undefined> = Array.isArray(inputs) ? ([] as never) : {}
    for (const [key, input] of Object.entries(inputs)) {
      const tensor = traced[key]
      if (!input || !tensor || !isConstant(tensor)) continue
      const shape = elementwise
        ? tensor.shape.map((_, axis) => tensor.stored[tensor.axes.indexOf(axis)]!)
        : tensor.shape
      infos[key] = cpu.makeTensorInfo(shape, tensor.dtype, reader.read({ ...tensor, shape }))
    }
    const results = kernel.kernelFunc({ inputs: infos as never, attrs: attributes as never, backend: cpu })
    const kept = [results].flat().map((result) => {
      const values = typedValues(cpu.readSync(result.dataId), result.dtype)
      const small = constant(values.slice(), result.shape, result.dtype as DType)
      if (!elementwise) return this.keep(small)
      return this.keep({
        ...small,
        shape: Object.values(traced)
          .map((each) => each.shape)
          .reduce(broadcastShape),
      })
    })
    for (const info of [...Object.values(infos), ...[results].flat()]) {
      if (info) cpu.disposeData(info.dataId, true)
    }
    return Array.isArray(results) ? kept : kept[0]!
  }
}

interface CpuBackend extends tf.KernelBackend {
  makeTensorInfo(shape: number[], dtype: tf.DataType, values: Values): tf.TensorInfo
}

function randomInTrace(op: string): Error {
  return new Error(
    `${op} in a trace: one draw would be frozen into the graph. Pass the random numbers in as an input.`,
  )
}

function typedValues(values: tf.BackendValues, dtype: tf.DataType): Values {
  if (dtype === 'float32')
    return values instanceof Float32Array ? values : Float32Array.from(values as unknown as number[])
  if (dtype === 'int32')
    return values instanceof Int32Array ? values : Int32Array.from(values as unknown as number[])
  if (dtype === 'bool')
    return values instanceof Uint8Array ? values : Uint8Array.from(values as unknown as number[])
  throw new Error(`A trace takes float32, int32 and bool, not ${dtype}`)
}
