import * as tf from '@tensorflow/tfjs'
import type { KernelTable, KernelTrace } from '../kernel.ts'
import type { Tracer } from '../layout.ts'
import { sizeOf, upTo, type DType, type TracedTensor } from '../tensor.ts'
import { multiply, scalar } from './elementwise.ts'
import { reshape } from './shape.ts'

/** Opset 17: the axes of ReduceSum are an input, those of the other reductions an attribute. */
function reduceStored(tracer: Tracer, operator: string, x: TracedTensor, places: number[]): TracedTensor {
  const kept = upTo(x.axes.length).filter((place) => !places.includes(place))
  const gone = places.map((place) => x.axes[place]!)
  const shape = x.shape.filter((_, axis) => !gone.includes(axis))
  const axes = kept.map((place) => x.axes[place]! - gone.filter((axis) => axis < x.axes[place]!).length)
  const next = { dtype: x.dtype, shape, axes, stored: kept.map((place) => x.stored[place]!) }
  if (operator === 'ReduceSum') {
    return tracer.emit(operator, [x, tracer.integers(places)], { keepdims: 0 }, next)
  }
  return tracer.emit(operator, [x], { axes: places, keepdims: 0 }, next)
}

/** Reduces over `axes`; along one whose broadcast is pending nothing is computed. */
export function reduce(
  tracer: Tracer,
  operator: string,
  x: TracedTensor,
  axes: readonly number[],
): TracedTensor {
  const pending = axes.filter((axis) => x.stored[x.axes.indexOf(axis)] === 1)
  const real = axes.filter((axis) => !pending.includes(axis))
  const places = real.map((axis) => x.axes.indexOf(axis)).sort((a, b) => a - b)
  const without = x.shape.map((size, axis) => (pending.includes(axis) ? 1 : size))
  const reduced =
    places.length > 0
      ? reduceStored(tracer, operator, { ...x, shape: without }, places)
      : { ...x, shape: without }
  const shape = x.shape.filter((_, axis) => !axes.includes(axis))
  const result = reshape(tracer, reduced, shape)
  const repeats = sizeOf(pending.map((axis) => x.shape[axis]!))
  if (repeats === 1) return result
  if (operator === 'ReduceSum') return multiply(tracer, result, scalar(repeats, x.dtype))
  return result
}

const axesOf = (x: TracedTensor, axis: number | number[] | undefined) =>
  [...tf.util.parseAxisParam(axis as number[], x.shape)].sort((a, b) => a - b)

/** TensorFlow.js names the attribute `axis` in some kernels, `reductionIndices` in others: take what is there. */
function reduction(operator: string, dtype?: DType): KernelTrace {
  return (tracer, { x }, { axis, reductionIndices, keepDims = false }) => {
    const axes = axesOf(x!, axis ?? reductionIndices)
    const asNumbers = x!.dtype === 'bool' ? tracer.cast(x!, 'int32') : x!
    const input = operator === 'ReduceMean' ? tracer.cast(x!, 'float32') : asNumbers
    const result = tracer.cast(reduce(tracer, operator, input, axes), dtype ?? input.dtype)
    if (!keepDims) return result
    return reshape(
      tracer,
      result,
      x!.shape.map((size, each) => (axes.includes(each) ? 1 : size)),
    )
  }
}

/** Position of the extreme along one axis; the first where several are equal. */
function position(operator: string): KernelTrace {
  return (tracer, { x }, { axis }) => {
    const along = axesOf(x!, axis)[0]!
    const full = tracer.expand(x!, (each) => each === along)
    const place = full.axes.indexOf(along)
    const kept = upTo(full.axes.length).filter((each) => each !== place)
    const [name] = tracer.graph.add(operator, [tracer.nameOf(full)], { axis: place, keepdims: 0 })
    const [short] = tracer.graph.add('Cast', [name!], { to: 6 })
    return tracer.output(short!, {
      dtype: 'int32',
      shape: x!.shape.filter((_, each) => each !== along),
      axes: kept.map((each) => full.axes[each]! - Number(full.axes[each]! > along)),
      stored: kept.map((each) => full.stored[each]!),
    })
  }
}

const cumulativeSum: KernelTrace = (tracer, { x }, { axis, exclusive, reverse }) => {
  const along = axesOf(x!, axis)[0]!
  const full = tracer.expand(x!, (each) => each === along)
  const place = tracer.graph.initializer(Int32Array.of(full.axes.indexOf(along)), [], 'int32')
  return tracer.emit(
    'CumSum',
    [full, place],
    { exclusive: Number(exclusive), reverse: Number(reverse) },
    full,
  )
}

/** Softmax over the last axis, as TensorFlow.js has it. */
const softmaxLike =
  (operator: string): KernelTrace =>
  (tracer, { logits }, { dim, axis }) => {
    const along = axesOf(logits!, dim ?? axis)[0]!
    const full = tracer.expand(logits!, (each) => each === along)
    return tracer.emit(operator, [full], { axis: full.axes.indexOf(along) }, full)
  }

const topK: KernelTrace = (tracer, { x }, { k, sorted }) => {
  const full = tracer.plain(x!)
  const shape = [...x!.shape.slice(0, -1), k]
  const [values, places] = tracer.graph.add(
    'TopK',
    [tracer.nameOf(full), tracer.integers([k])],
    { axis: x!.shape.length - 1, sorted: Number(sorted ?? true) },
    2,
  )
  const [short] = tracer.graph.add('Cast', [places!], { to: 6 })
  return [
    tracer.output(values!, { dtype: x!.dtype, shape }),
    tracer.output(short!, { dtype: 'int32', shape }),
  ]
}

export const reductionKernels: KernelTable = {
  Sum: reduction('ReduceSum'),
  Mean: reduction('ReduceMean', 'float32'),
  Max: reduction('ReduceMax'),
  Min: reduction('ReduceMin'),
  Prod: (tracer, { x }, attributes) => {
    // The product over an axis that is to be broadcast is a power: rare, so write the axis out.
    const axes = axesOf(x!, attributes.axis)
    return reduction('ReduceProd')(
      tracer,
      { x: tracer.expand(x!, (axis) => axes.includes(axis)) },
      attributes,
    )
  },
  All: reduction('ReduceMin', 'bool'),
  Any: reduction('ReduceMax', 'bool'),
  ArgMax: position('ArgMax'),
  ArgMin: position('ArgMin'),
  Cumsum: cumulativeSum,
  Softmax: softmaxLike('Softmax'),
  LogSoftmax: softmaxLike('LogSoftmax'),
  TopK: topK,
}
