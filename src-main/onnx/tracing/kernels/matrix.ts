import type { KernelTable } from '../kernel.ts'
import type { Tracer } from '../layout.ts'
import { sameNumbers, upTo, type TracedTensor } from '../tensor.ts'
import { activate, add } from './elementwise.ts'
import { transpose } from './shape.ts'

/** Matrix product of the last two axes, the axes before them broadcast; [m, k] × [k, n] → [m, n]. */
export function matMul(
  tracer: Tracer,
  a: TracedTensor,
  b: TracedTensor,
  transposeA = false,
  transposeB = false,
): TracedTensor {
  const left = transposeA ? transpose(a, swapped(a)) : a
  const right = transposeB ? transpose(b, swapped(b)) : b
  const [m, k] = left.shape.slice(-2) as [number, number]
  const [kRight, n] = right.shape.slice(-2) as [number, number]
  if (k !== kRight) throw new Error(`[${a.shape.join()}] and [${b.shape.join()}] cannot be multiplied`)
  if (left.shape.length === 2 && right.shape.length === 2) {
    const [x, transA] = asStored(tracer, left)
    const [y, transB] = asStored(tracer, right)
    const result = { dtype: a.dtype, shape: [m, n] }
    if (!transA && !transB) return tracer.emit('MatMul', [x, y], {}, result)
    return tracer.emit('Gemm', [x, y], { transA: Number(transA), transB: Number(transB) }, result)
  }
  const rank = Math.max(left.shape.length, right.shape.length)
  const batch = upTo(rank - 2).map((axis) =>
    Math.max(
      left.shape[axis - rank + left.shape.length] ?? 1,
      right.shape[axis - rank + right.shape.length] ?? 1,
    ),
  )
  // Only the two matrix axes must be written out: the batch axes broadcast in MatMul itself.
  const written = (tensor: TracedTensor) =>
    tracer.expand(
      tracer.reorder(tensor, upTo(tensor.shape.length)),
      (axis) => axis >= tensor.shape.length - 2,
    )
  const [x, y] = [written(left), written(right)]
  const stored = upTo(rank - 2).map((axis) =>
    Math.max(x.stored[axis - rank + x.stored.length] ?? 1, y.stored[axis - rank + y.stored.length] ?? 1),
  )
  return tracer.emit(
    'MatMul',
    [x, y],
    {},
    { dtype: a.dtype, shape: [...batch, m, n], stored: [...stored, m, n] },
  )
}

function swapped(tensor: TracedTensor): number[] {
  const rank = tensor.shape.length
  return [...upTo(rank - 2), rank - 1, rank - 2]
}

/** A matrix as it is stored, and whether that is the wrong way round. */
function asStored(tracer: Tracer, matrix: TracedTensor): [TracedTensor, boolean] {
  const full = tracer.expand(matrix)
  return [full, !sameNumbers(full.axes, [0, 1])]
}

export const matrixKernels: KernelTable = {
  BatchMatMul: (tracer, { a, b }, { transposeA, transposeB }) =>
    matMul(tracer, a!, b!, transposeA, transposeB),
  _FusedMatMul: (tracer, { a, b, bias, preluActivationWeights }, attributes) => {
    const { transposeA, transposeB, activation, leakyreluAlpha } = attributes
    const product = matMul(tracer, a!, b!, transposeA, transposeB)
    const sum = bias ? add(tracer, product, bias) : product
    return activate(tracer, sum, activation, preluActivationWeights, leakyreluAlpha)
  },
  Einsum: (tracer, inputs, { equation }) => {
    const tensors = Object.values(inputs).map((tensor) => tracer.plain(tensor))
    const [left, right] = (equation as string).replaceAll(' ', '').split('->') as [string, string]
    const sizes = new Map<string, number>()
    left
      .split(',')
      .forEach((term, index) =>
        [...term].forEach((letter, axis) => sizes.set(letter, tensors[index]!.shape[axis]!)),
      )
    const shape = [...right].map((letter) => sizes.get(letter)!)
    return tracer.emit('Einsum', tensors, { equation }, { dtype: tensors[0]!.dtype, shape })
  },
}
