/** The element types a trace knows; TensorFlow.js has no others that ONNX's arithmetic takes. */
export type DType = 'float32' | 'int32' | 'bool'

export type Values = Float32Array | Int32Array | Uint8Array

/** Where the elements come from: known while tracing, or computed by a node when the graph runs. */
export type Source = { constant: Values } | { name: string }

/**
 * A tensor inside a trace. TensorFlow.js sees `shape`; what is stored may have its axes in another order (so that a
 * transpose costs nothing) and may hold a single element along an axis that is to be broadcast (so that gradients
 * do not multiply by full-size tensors of ones).
 */
export interface TracedTensor {
  dtype: DType
  /** As TensorFlow.js sees it. */
  shape: number[]
  /** Stored axis i is axis `axes[i]` of `shape`. */
  axes: number[]
  /** Size of stored axis i: `shape[axes[i]]`, or 1 where a broadcast is pending. */
  stored: number[]
  source: Source
}

export function isConstant(tensor: TracedTensor): tensor is TracedTensor & { source: { constant: Values } } {
  return 'constant' in tensor.source
}

/** The one number all elements are equal to, or null. */
export function uniformValue(tensor: TracedTensor): number | null {
  return isConstant(tensor) && tensor.source.constant.length === 1 ? tensor.source.constant[0]! : null
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** 0, 1, … count − 1. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

export function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index])
}

export function valuesOf(dtype: DType, length: number): Values {
  if (dtype === 'float32') return new Float32Array(length)
  return dtype === 'int32' ? new Int32Array(length) : new Uint8Array(length)
}

/** A constant whose elements all equal `value`, kept as one number whatever its shape. */
export function uniform(value: number, shape: readonly number[], dtype: DType = 'float32'): TracedTensor {
  const constant = valuesOf(dtype, 1)
  constant[0] = value
  return {
    dtype,
    shape: [...shape],
    axes: upTo(shape.length),
    stored: shape.map(() => 1),
    source: { constant },
  }
}

/**
 * A constant of `shape` from row-major `values`; an axis along which nothing changes is stored once.
 */
export function constant(values: Values, shape: readonly number[], dtype: DType): TracedTensor {
  let kept = values
  const stored = [...shape]
  for (let axis = 0; axis < shape.length; axis++) {
    const length = stored[axis]!
    if (length <= 1 || !repeatsAlong(kept, stored, axis)) continue
    const inner = sizeOf(stored.slice(axis + 1))
    const outer = sizeOf(stored.slice(0, axis))
    const once = valuesOf(dtype, outer * inner)
    for (let block = 0; block < outer; block++) {
      once.set(kept.subarray(block * length * inner, block * length * inner + inner), block * inner)
    }
    kept = once
    stored[axis] = 1
  }
  return { dtype, shape: [...shape], axes: upTo(shape.length), stored, source: { constant: kept } }
}

function repeatsAlong(values: Values, shape: readonly number[], axis: number): boolean {
  const inner = sizeOf(shape.slice(axis + 1))
  const block = inner * shape[axis]!
  for (let start = 0; start < values.length; start += block) {
    for (let index = inner; index < block; index++) {
      if (!Object.is(values[start + index], values[start + (index % inner)])) return false
    }
  }
  return true
}
