import * as tf from '@tensorflow/tfjs'
import type { KernelTable, KernelTrace } from '../kernel.ts'
import { commonOrder, type Tracer } from '../layout.ts'
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
} from '../tensor.ts'

/** More operands than this exceed WebGPU's limit on storage buffers. */
const concatAtOnce = 6

/**
 * The tensor under another shape. Axes that only gain or lose ones, and axes that are grouped or split while lying
 * side by side, stay in their stored order; else the elements are brought into TensorFlow.js's order first.
 */
export function reshape(tracer: Tracer, x: TracedTensor, shape: number[]): TracedTensor {
  if (sameNumbers(x.shape, shape)) return x
  const single = uniformValue(x)
  if (single !== null) return uniform(single, shape, x.dtype)
  const groups = matchGroups(x.shape, shape)
  const isPending = (axis: number) => x.shape[axis] !== 1 && x.stored[x.axes.indexOf(axis)] === 1
  const groupOf = (axis: number) => groups.find(({ from }) => from.includes(axis))!.from
  // A group whose broadcast is pending as a whole stays so; a mixed one is written out.
  const tensor = tracer.expand(x, (axis) =>
    groupOf(axis).some((each) => x.shape[each] !== 1 && !isPending(each)),
  )
  const places = groups.map(({ from }) =>
    from.map((axis) => tensor.axes.indexOf(axis)).filter((place) => tensor.stored[place] !== 1),
  )
  const sideBySide = places.every((run) =>
    run.every((place, index) => {
      if (index === 0) return true
      const before = run[index - 1]!
      return place > before && tensor.stored.slice(before + 1, place).every((size) => size === 1)
    }),
  )
  if (!sideBySide) return reshape(tracer, tracer.reorder(tensor, upTo(tensor.shape.length)), shape)
  // Groups in their stored order; one without elements of its own stays behind the group before it.
  let last = -1
  const ordered = groups
    .map((group, index) => ({
      group,
      place: (last = places[index]![0] ?? last),
      filled: places[index]!.length > 0,
    }))
    .sort((a, b) => a.place - b.place)
  const axes = ordered.flatMap(({ group }) => group.to)
  const stored = ordered.flatMap(({ group, filled }) => group.to.map((axis) => (filled ? shape[axis]! : 1)))
  return tracer.restore({ dtype: x.dtype, shape: [...shape], axes, stored, source: tensor.source }, tensor)
}

interface Group {
  from: number[]
  to: number[]
}

/** The smallest runs of axes on both sides that hold the same number of elements; ones join the run before them. */
function matchGroups(from: readonly number[], to: readonly number[]): Group[] {
  const groups: Group[] = []
  let [i, j] = [0, 0]
  while (i < from.length || j < to.length) {
    const group: Group = { from: [], to: [] }
    let [left, right] = [1, 1]
    if (i < from.length) {
      left *= from[i]!
      group.from.push(i++)
    }
    if (j < to.length) {
      right *= to[j]!
      group.to.push(j++)
    }
    while (left !== right) {
      if ((left < right || j >= to.length) && i < from.length) {
        left *= from[i]!
        group.from.push(i++)
      } else if (j < to.length) {
        right *= to[j]!
        group.to.push(j++)
      } else throw new Error(`[${from.join()}] cannot be reshaped to [${to.join()}]`)
    }
    groups.push(group)
  }
  return groups
}

/** Axes in another order: nothing moves. */
export function transpose(x: TracedTensor, perm: readonly number[]): TracedTensor {
  return {
    ...x,
    shape: perm.map((axis) => x.shape[axis]!),
    axes: x.axes.map((axis) => perm.indexOf(axis)),
  }
}

export function broadcastTo(tracer: Tracer, x: TracedTensor, shape: readonly number[]): TracedTensor {
  if (sameNumbers(x.shape, shape)) return x
  return { ...tracer.withRank(x, shape.length), shape: [...shape] }
}

/** Elements `begin` … `begin + size` along each axis, every `strides`-th of them. */
export function slice(
  tracer: Tracer,
  x: TracedTensor,
  begin: readonly number[],
  size: readonly number[],
  strides: readonly number[] = begin.map(() => 1),
): TracedTensor {
  const shape = size.map((length) => length)
  const cut = x.axes
    .map((axis, place) => ({ axis, place }))
    .filter(
      ({ axis, place }) =>
        x.stored[place] !== 1 && (begin[axis] !== 0 || size[axis] !== x.shape[axis] || strides[axis] !== 1),
    )
  const stored = x.axes.map((axis, place) =>
    cut.some((each) => each.place === place) ? shape[axis]! : Math.min(x.stored[place]!, shape[axis]!),
  )
  const next = { ...x, shape, stored }
  if (cut.length === 0) return next
  const starts = cut.map(({ axis }) => begin[axis]!)
  // One past the last element taken; going backwards to the very first, ONNX wants a number below every index.
  const ends = cut.map(({ axis }, index) => {
    const end = starts[index]! + (size[axis]! - 1) * strides[axis]! + Math.sign(strides[axis]!)
    return end < 0 ? -(2 ** 31) : end
  })
  const steps = cut.map(({ axis }) => strides[axis]!)
  const operands = [starts, ends, cut.map(({ place }) => place)]
  if (steps.some((step) => step !== 1)) operands.push(steps)
  return tracer.emit('Slice', [x, ...operands.map((each) => tracer.integers(each))], {}, next)
}

/** Tensors end to end along `axis`; zeros at an end become padding. */
export function concat(tracer: Tracer, tensors: TracedTensor[], axis: number): TracedTensor {
  const parts = tensors.filter((tensor) => tensor.shape[axis]! > 0)
  if (parts.length === 1) return parts[0]!
  if (parts.length === 0) return tensors[0]!
  const first = parts[0]!
  const last = parts[parts.length - 1]!
  for (const [edge, rest] of [
    [last, parts.slice(0, -1)],
    [first, parts.slice(1)],
  ] as const) {
    if (uniformValue(edge) !== 0 || rest.every(isConstant)) continue
    const padding = first.shape.map(() => [0, 0] as [number, number])
    padding[axis] = edge === last ? [0, edge.shape[axis]!] : [edge.shape[axis]!, 0]
    return pad(tracer, concat(tracer, rest, axis), padding, 0)
  }
  const order = commonOrder(parts)
  const aligned = parts.map((part) => tracer.reorder(part, order))
  const place = order.indexOf(axis)
  const pending = order.map(
    (_, index) => index !== place && aligned.every((part) => part.stored[index] === 1),
  )
  const full = aligned.map((part) => tracer.expand(part, (each) => !pending[order.indexOf(each)]))
  const shape = [...first.shape]
  shape[axis] = parts.reduce((sum, part) => sum + part.shape[axis]!, 0)
  return joined(tracer, full, place, { shape, order, pending })
}

function joined(
  tracer: Tracer,
  parts: TracedTensor[],
  place: number,
  whole: { shape: number[]; order: number[]; pending: boolean[] },
): TracedTensor {
  const axis = whole.order[place]!
  if (parts.length > concatAtOnce) {
    const groups: TracedTensor[] = []
    for (let start = 0; start < parts.length; start += concatAtOnce) {
      const group = parts.slice(start, start + concatAtOnce)
      const shape = [...whole.shape]
      shape[axis] = group.reduce((sum, part) => sum + part.shape[axis]!, 0)
      groups.push(group.length === 1 ? group[0]! : joined(tracer, group, place, { ...whole, shape }))
    }
    return joined(tracer, groups, place, whole)
  }
  const stored = whole.order.map((each, index) => (whole.pending[index] ? 1 : whole.shape[each]!))
  const result = { dtype: parts[0]!.dtype, shape: whole.shape, axes: whole.order, stored }
  if (parts[0]!.dtype !== 'bool') return tracer.emit('Concat', parts, { axis: place }, result)
  const asNumbers = parts.map((part) => tracer.cast(part, 'int32'))
  return tracer.cast(tracer.emit('Concat', asNumbers, { axis: place }, { ...result, dtype: 'int32' }), 'bool')
}

export function pad(
  tracer: Tracer,
  x: TracedTensor,
  paddings: readonly (readonly [number, number])[],
  value: number,
): TracedTensor {
  if (paddings.every(([before, after]) => before === 0 && after === 0)) return x
  const shape = x.shape.map((size, axis) => size + paddings[axis]![0] + paddings[axis]![1])
  const full = tracer.expand(x, (axis) => paddings[axis]!.some((count) => count > 0))
  const stored = full.axes.map((axis, place) =>
    paddings[axis]!.some((count) => count > 0) ? shape[axis]! : full.stored[place]!,
  )
  const before = full.axes.map((axis) => paddings[axis]![0])
  const after = full.axes.map((axis) => paddings[axis]![1])
  const fill = tracer.nameOf(uniform(value, [], x.dtype))
  return tracer.emit(
    'Pad',
    [full, tracer.integers([...before, ...after]), fill],
    { mode: 'constant' },
    {
      ...full,
      shape,
      stored,
    },
  )
}

/** Entries of `x` along `axis`, by index; the indices' own axes take that axis's place. */
export function gather(tracer: Tracer, x: TracedTensor, indices: TracedTensor, axis: number): TracedTensor {
  const from = tracer.expand(tracer.reorder(x, upTo(x.shape.length)), (each) => each === axis)
  const by = tracer.plain(tracer.cast(indices, 'int32'))
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)]
  const stored = [...from.stored.slice(0, axis), ...indices.shape, ...from.stored.slice(axis + 1)]
  return tracer.emit('Gather', [from, by], { axis }, { dtype: x.dtype, shape, stored })
}

/** Each axis repeated whole. */
function tile(tracer: Tracer, x: TracedTensor, reps: readonly number[]): TracedTensor {
  const shape = x.shape.map((size, axis) => size * reps[axis]!)
  // An axis of one element, or one whose broadcast is pending, only grows what is pending.
  const repeats = x.axes.map((axis, place) => (x.stored[place] === 1 ? 1 : reps[axis]!))
  const stored = x.stored.map((size, place) => size * repeats[place]!)
  const next = { ...x, shape, stored }
  if (repeats.every((count) => count === 1)) return next
  return tracer.emit('Tile', [x, tracer.integers(repeats)], {}, next)
}

/** Indices as ONNX's scatter and gather want them: 64-bit, in plain order. */
function longIndices(tracer: Tracer, indices: TracedTensor): string {
  return tracer.graph.add('Cast', [tracer.nameOf(tracer.plain(indices))], { to: 7 })[0]!
}

const oneHot: KernelTrace = (tracer, { indices }, { depth, onValue, offValue, dtype = 'int32' }) => {
  const positions = tracer.plain(indices!)
  const rank = positions.shape.length
  const column = tracer.restore(
    { ...positions, shape: [...positions.shape, 1], axes: upTo(rank + 1), stored: [...positions.stored, 1] },
    positions,
  )
  const classes: TracedTensor = {
    dtype: 'int32',
    shape: [depth],
    axes: [0],
    stored: [depth],
    source: { constant: Int32Array.from(upTo(depth)) },
  }
  const shape = [...positions.shape, depth]
  const hit = tracer.emit('Equal', [column, classes], {}, { dtype: 'bool', shape })
  if (onValue === 1 && offValue === 0) return tracer.cast(hit, dtype as DType)
  return tracer.emit(
    'Where',
    [hit, uniform(onValue, [], dtype), uniform(offValue, [], dtype)],
    {},
    {
      dtype,
      shape,
    },
  )
}

export const shapeKernels: KernelTable = {
  Identity: { handlesConstants: true, trace: (_, { x }) => x! },
  Reshape: {
    handlesConstants: true,
    trace: (tracer, { x }, { shape }) =>
      reshape(tracer, x!, tf.util.inferFromImplicitShape(shape, sizeOf(x!.shape))),
  },
  ExpandDims: {
    handlesConstants: true,
    trace: (tracer, { input }, { dim }) => {
      const shape = [...input!.shape]
      shape.splice(dim < 0 ? shape.length + dim + 1 : dim, 0, 1)
      return reshape(tracer, input!, shape)
    },
  },
  Transpose: { handlesConstants: true, trace: (_, { x }, { perm }) => transpose(x!, perm) },
  BroadcastTo: {
    handlesConstants: true,
    trace: (tracer, { x }, { shape }) => broadcastTo(tracer, x!, shape),
  },
  Fill: {
    handlesConstants: true,
    trace: (_, __, { shape, value, dtype = 'float32' }) => uniform(value, shape, dtype),
  },
  ZerosLike: { handlesConstants: true, trace: (_, { x }) => uniform(0, x!.shape, x!.dtype) },
  OnesLike: { handlesConstants: true, trace: (_, { x }) => uniform(1, x!.shape, x!.dtype) },
  Cast: { handlesConstants: true, trace: (tracer, { x }, { dtype }) => tracer.cast(x!, dtype) },
  Slice: (tracer, { x }, { begin, size }) => {
    const [from, length] = tf.slice_util.parseSliceParams(x as never, begin, size)
    return slice(tracer, x!, from!, length!)
  },
  StridedSlice: (tracer, { x }, attributes) => {
    const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attributes
    const plan = tf.slice_util.sliceInfo(
      x!.shape,
      begin,
      end,
      strides,
      beginMask,
      endMask,
      ellipsisMask,
      newAxisMask,
      shrinkAxisMask,
    )
    if (plan.isIdentity) return reshape(tracer, x!, plan.finalShape)
    const size = tf.slice_util.computeOutShape(plan.begin, plan.end, plan.strides)
    return reshape(tracer, slice(tracer, x!, plan.begin, size, plan.strides), plan.finalShape)
  },
  Reverse: (tracer, { x }, { dims }) => {
    const axes = tf.util.parseAxisParam(dims, x!.shape)
    const reversed = (axis: number) => axes.includes(axis)
    return slice(
      tracer,
      x!,
      x!.shape.map((size, axis) => (reversed(axis) ? size - 1 : 0)),
      x!.shape,
      x!.shape.map((_, axis) => (reversed(axis) ? -1 : 1)),
    )
  },
  Concat: (tracer, inputs, { axis }) => {
    const tensors = Object.values(inputs)
    return concat(tracer, tensors, tf.util.parseAxisParam(axis, tensors[0]!.shape)[0]!)
  },
  Pack: (tracer, inputs, { axis }) => {
    const tensors = Object.values(inputs)
    const shape = [...tensors[0]!.shape]
    const place = axis < 0 ? shape.length + axis + 1 : axis
    shape.splice(place, 0, 1)
    return concat(
      tracer,
      tensors.map((tensor) => reshape(tracer, tensor, shape)),
      place,
    )
  },
  Unpack: (tracer, { value }, { axis }) => {
    const place = axis < 0 ? value!.shape.length + axis : axis
    const shape = value!.shape.filter((_, each) => each !== place)
    return upTo(value!.shape[place]!).map((index) => {
      const begin = value!.shape.map((_, each) => (each === place ? index : 0))
      const size = value!.shape.map((length, each) => (each === place ? 1 : length))
      return reshape(tracer, slice(tracer, value!, begin, size), shape)
    })
  },
  SplitV: (tracer, { x }, { numOrSizeSplits, axis }) => {
    const place = tf.util.parseAxisParam(axis, x!.shape)[0]!
    let start = 0
    return tf.backend_util.prepareSplitSize(x as never, numOrSizeSplits, place).map((length) => {
      const begin = x!.shape.map((_, each) => (each === place ? start : 0))
      const size = x!.shape.map((whole, each) => (each === place ? length : whole))
      start += length
      return slice(tracer, x!, begin, size)
    })
  },
  PadV2: (tracer, { x }, { paddings, constantValue }) => pad(tracer, x!, paddings, constantValue),
  MirrorPad: (tracer, { x }, { paddings, mode }) => {
    // ONNX has no 'symmetric': both modes are written as an index per axis.
    const offset = mode === 'reflect' ? 1 : 0
    return (paddings as [number, number][]).reduce((padded, [before, after], axis) => {
      if (before === 0 && after === 0) return padded
      const length = x!.shape[axis]!
      const indices = [
        ...upTo(before).map((index) => before - 1 - index + offset),
        ...upTo(length),
        ...upTo(after).map((index) => length - 1 - index - offset),
      ]
      const by: TracedTensor = {
        dtype: 'int32',
        shape: [indices.length],
        axes: [0],
        stored: [indices.length],
        source: { constant: Int32Array.from(indices) },
      }
      return gather(tracer, padded, by, axis)
    }, x!)
  },
  Tile: (tracer, { x }, { reps }) => tile(tracer, x!, reps),
  GatherV2: (tracer, { x, indices }, { axis, batchDims = 0 }) => {
    if (batchDims !== 0) throw new Error('GatherV2 with batch dimensions is not traced')
    return gather(tracer, x!, indices!, tf.util.parseAxisParam(axis, x!.shape)[0]!)
  },
  GatherNd: (tracer, { params, indices }) => {
    const depth = indices!.shape.at(-1)!
    const shape = [...indices!.shape.slice(0, -1), ...params!.shape.slice(depth)]
    return tracer.emit(
      'GatherND',
      [tracer.plain(params!), longIndices(tracer, indices!)],
      {},
      {
        dtype: params!.dtype,
        shape,
      },
    )
  },
  ScatterNd: (tracer, { indices, updates }, { shape }) => scatterAdd(tracer, indices!, updates!, shape),
  UnsortedSegmentSum: (tracer, { x, segmentIds }, { numSegments }) => {
    const rows = reshape(tracer, segmentIds!, [...segmentIds!.shape, 1])
    return scatterAdd(tracer, rows, x!, [numSegments, ...x!.shape.slice(segmentIds!.shape.length)])
  },
  OneHot: oneHot,
}

/** Zeros of `shape` with `updates` added where `indices` point; indices met twice add up, as in TensorFlow.js. */
function scatterAdd(
  tracer: Tracer,
  indices: TracedTensor,
  updates: TracedTensor,
  shape: number[],
): TracedTensor {
  const zeros: TracedTensor = {
    dtype: updates.dtype,
    shape,
    axes: upTo(shape.length),
    stored: shape,
    source: { constant: valuesOf(updates.dtype, sizeOf(shape)) },
  }
  return tracer.emit(
    'ScatterND',
    [zeros, longIndices(tracer, indices), tracer.plain(updates)],
    { reduction: 'add' },
    { dtype: updates.dtype, shape },
  )
}
