import type { Attribute, Graph } from './graph.ts'
import {
  isConstant,
  sameNumbers,
  sizeOf,
  uniform,
  uniformValue,
  upTo,
  valuesOf,
  type DType,
  type TracedTensor,
  type Values,
} from './tensor.ts'

/**
 * Records operators on traced tensors and keeps account of how each is stored. Everything that moves elements
 * (a transpose, a broadcast) is put off until an operator cannot do without.
 */
export class Tracer {
  readonly graph: Graph
  /** Channels that ONNX Runtime's CPU kernels take at a time, where the graph is meant for them; else 0. */
  readonly block: number
  private readonly permuted = new WeakMap<Values, Map<string, Values>>()

  constructor(graph: Graph, block = 0) {
    this.graph = graph
    this.block = block
  }

  /** The ONNX name of what is stored. */
  nameOf(tensor: TracedTensor): string {
    if (!isConstant(tensor)) return (tensor.source as { name: string }).name
    return this.graph.initializer(tensor.source.constant, tensor.stored, tensor.dtype)
  }

  /** One node on the stored tensors; `result` says how its output is stored (by default in TensorFlow.js's order). */
  emit(
    operator: string,
    inputs: (TracedTensor | string)[],
    attributes: Record<string, Attribute>,
    result: { dtype: DType; shape: number[]; axes?: number[]; stored?: number[] },
  ): TracedTensor {
    const names = inputs.map((input) => (typeof input === 'string' ? input : this.nameOf(input)))
    return this.output(this.graph.add(operator, names, attributes)[0]!, result)
  }

  /** A node's output as a tensor. */
  output(
    name: string,
    { dtype, shape, axes, stored }: { dtype: DType; shape: number[]; axes?: number[]; stored?: number[] },
  ): TracedTensor {
    const order = axes ?? upTo(shape.length)
    const kept = stored ?? order.map((axis) => shape[axis]!)
    this.graph.values.set(name, { shape: kept, dtype })
    return { dtype, shape, axes: order, stored: kept, source: { name } }
  }

  /** Whole numbers as an input of a node. */
  integers(values: readonly number[]): string {
    return this.graph.integers(values)
  }

  /** The same tensor, stored with its axes in `order`; a broadcast stays pending. */
  reorder(tensor: TracedTensor, order: readonly number[]): TracedTensor {
    if (sameNumbers(tensor.axes, order)) return tensor
    const stored = order.map((axis) => tensor.stored[tensor.axes.indexOf(axis)]!)
    const moving = tensor.axes.filter((_, index) => tensor.stored[index] !== 1)
    const wanted = order.filter((_, index) => stored[index] !== 1)
    const next = { ...tensor, axes: [...order], stored }
    if (sameNumbers(moving, wanted)) return this.restore(next, tensor)
    const permutation = order.map((axis) => tensor.axes.indexOf(axis))
    if (isConstant(tensor)) {
      return {
        ...next,
        source: { constant: this.permute(tensor.source.constant, tensor.stored, permutation) },
      }
    }
    return { ...next, source: this.emit('Transpose', [tensor], { perm: permutation }, next).source }
  }

  /** `next` holds `tensor`'s elements in their stored order under another stored shape. */
  restore(next: TracedTensor, tensor: TracedTensor): TracedTensor {
    if (isConstant(tensor) || sameNumbers(next.stored, tensor.stored))
      return { ...next, source: tensor.source }
    const name = this.nameOf(tensor)
    const producer = this.graph.producer(name)
    const from = producer?.operator === 'Reshape' ? producer.inputs[0]! : name
    return { ...next, source: this.emit('Reshape', [from, this.integers(next.stored)], {}, next).source }
  }

  /** The same tensor with no broadcast pending along the axes that `which` picks. */
  expand(tensor: TracedTensor, which: (axis: number) => boolean = () => true): TracedTensor {
    const stored = tensor.axes.map((axis, index) =>
      which(axis) ? tensor.shape[axis]! : tensor.stored[index]!,
    )
    if (sameNumbers(stored, tensor.stored)) return tensor
    const next = { ...tensor, stored }
    if (isConstant(tensor)) {
      return {
        ...next,
        source: { constant: repeat(tensor.source.constant, tensor.stored, stored, tensor.dtype) },
      }
    }
    return { ...next, source: this.emit('Expand', [tensor, this.integers(stored)], {}, next).source }
  }

  /** In TensorFlow.js's own order, every element stored. */
  plain(tensor: TracedTensor): TracedTensor {
    return this.expand(this.reorder(tensor, upTo(tensor.shape.length)))
  }

  /** The same elements under a shape with leading axes of one, to meet another tensor of higher rank. */
  withRank(tensor: TracedTensor, rank: number): TracedTensor {
    const missing = rank - tensor.shape.length
    if (missing === 0) return tensor
    const ones = Array<number>(missing).fill(1)
    return this.restore(
      {
        ...tensor,
        shape: [...ones, ...tensor.shape],
        axes: [...upTo(missing), ...tensor.axes.map((axis) => axis + missing)],
        stored: [...ones, ...tensor.stored],
      },
      tensor,
    )
  }

  /** The elements of a constant in TensorFlow.js's own order. */
  read(tensor: TracedTensor & { source: { constant: Values } }): Values {
    return (this.plain(tensor).source as { constant: Values }).constant
  }

  cast(tensor: TracedTensor, dtype: DType): TracedTensor {
    if (tensor.dtype === dtype) return tensor
    if (isConstant(tensor)) {
      const single = uniformValue(tensor)
      const convert = (value: number) =>
        dtype === 'bool' ? Number(value !== 0) : dtype === 'int32' ? Math.trunc(value) : value
      if (single !== null) return uniform(convert(single), tensor.shape, dtype)
      const constant = valuesOf(dtype, tensor.source.constant.length)
      tensor.source.constant.forEach((value, index) => (constant[index] = convert(value)))
      return { ...tensor, dtype, source: { constant } }
    }
    const to = { float32: 1, int32: 6, bool: 9 }[dtype]
    return this.emit('Cast', [tensor], { to }, { ...tensor, dtype })
  }

  /** A weight is reordered once, however often it is used. */
  private permute(values: Values, shape: number[], permutation: number[]): Values {
    const ofArray = this.permuted.get(values) ?? new Map<string, Values>()
    this.permuted.set(values, ofArray)
    const key = `${shape.join()}|${permutation.join()}`
    const found = ofArray.get(key) ?? permute(values, shape, permutation)
    ofArray.set(key, found)
    return found
  }
}

/** The order two stored tensors agree on: that of the one with most elements, computed ones before constants. */
export function commonOrder(tensors: readonly TracedTensor[]): number[] {
  const weight = (tensor: TracedTensor) => sizeOf(tensor.stored) * (isConstant(tensor) ? 1e-6 : 1)
  return tensors.reduce((best, tensor) => (weight(tensor) > weight(best) ? tensor : best)).axes
}

/** NumPy's rule: sizes are equal, or one of them is 1. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length)
  return upTo(rank).map((index) => {
    const left = a[index - rank + a.length] ?? 1
    const right = b[index - rank + b.length] ?? 1
    if (left !== right && left !== 1 && right !== 1) {
      throw new Error(`shapes [${a.join()}] and [${b.join()}] cannot be broadcast`)
    }
    return left === 1 ? right : left
  })
}

function stridesOf(shape: readonly number[]): number[] {
  const strides = Array<number>(shape.length).fill(1)
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!
  return strides
}

function permute(values: Values, shape: number[], permutation: number[]): Values {
  const strides = stridesOf(shape)
  return gather(
    values,
    permutation.map((axis) => shape[axis]!),
    permutation.map((axis) => strides[axis]!),
  )
}

function repeat(values: Values, from: readonly number[], to: readonly number[], dtype: DType): Values {
  if (values.length === 1) return valuesOf(dtype, sizeOf(to)).fill(values[0]!)
  const strides = stridesOf(from)
  return gather(
    values,
    to,
    from.map((size, axis) => (size === 1 ? 0 : strides[axis]!)),
  )
}

/** Elements of `values` at the given strides, row by row of `shape`. */
function gather(values: Values, shape: readonly number[], strides: readonly number[]): Values {
  const result = new (values.constructor as new (length: number) => Values)(sizeOf(shape))
  const index = Array<number>(shape.length).fill(0)
  let from = 0
  for (let to = 0; to < result.length; to++) {
    result[to] = values[from]!
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++
      from += strides[axis]!
      if (index[axis]! < shape[axis]!) break
      from -= strides[axis]! * shape[axis]!
      index[axis] = 0
    }
  }
  return result
}
