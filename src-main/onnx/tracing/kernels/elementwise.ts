import type { KernelInputs, KernelTable, KernelTrace } from '../kernel.ts'
import { broadcastShape, commonOrder, type Tracer } from '../layout.ts'
import {
  isConstant,
  uniform,
  uniformValue,
  upTo,
  type DType,
  type TracedTensor,
  type Values,
} from '../tensor.ts'
import { broadcastTo } from './shape.ts'

/** An ONNX operator on tensors that broadcast against each other, stored in the largest one's order. */
export function elementwise(
  tracer: Tracer,
  operator: string,
  tensors: TracedTensor[],
  dtype: DType = tensors[0]!.dtype,
): TracedTensor {
  const shape = tensors.map((tensor) => tensor.shape).reduce(broadcastShape)
  const known = fold(tracer, operator, tensors, shape)
  if (known) return known
  // A scalar broadcasts as it is; anything else has to meet the others axis by axis.
  const aligned = tensors.map((tensor) =>
    uniformValue(tensor) === null ? tracer.withRank(tensor, shape.length) : tensor,
  )
  const leading = aligned.filter((tensor) => tensor.shape.length === shape.length)
  const order = leading.length > 0 ? commonOrder(leading) : upTo(shape.length)
  const operands = aligned.map((tensor) => {
    const single = uniformValue(tensor)
    return single === null
      ? widened(tracer, tracer.reorder(tensor, order), shape)
      : uniform(single, [], tensor.dtype)
  })
  const stored = order.map((_, place) =>
    Math.max(1, ...operands.map((operand) => (operand.shape.length === 0 ? 1 : operand.stored[place]!))),
  )
  return tracer.emit(operator, operands, {}, { dtype, shape, axes: order, stored })
}

/**
 * A known row that is repeated for each pixel (a mean colour, say) is written out for a row of pixels: ONNX Runtime
 * computes run by run, and runs of three cost more than the arithmetic.
 */
function widened(tracer: Tracer, tensor: TracedTensor, shape: number[]): TracedTensor {
  const [before, last] = tensor.axes.slice(-2)
  // Only for the step that is traced for this processor: a model that is handed on stays as small as it was.
  if (tracer.block === 0 || !isConstant(tensor) || last === undefined || before === 0) return tensor
  const length = tensor.stored.at(-1)!
  if (length === 1 || length >= 16 || length !== shape[last]) return tensor
  return tracer.expand({ ...tensor, shape }, (axis) => axis === before)
}

/** Parameters of a network are often combined with each other only (batch norm, say): that is done here, once. */
const foldable: Record<string, (a: number, b: number) => number> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Sqrt: (a) => Math.sqrt(a),
  Neg: (a) => -a,
}

function fold(
  tracer: Tracer,
  operator: string,
  tensors: TracedTensor[],
  shape: number[],
): TracedTensor | null {
  const compute = foldable[operator]
  if (!compute || !tensors.every(isConstant) || tensors[0]!.dtype !== 'float32') return null
  const small = tensors.map((tensor) => tracer.withRank(tensor, shape.length))
  const stored = shape.map((_, axis) =>
    Math.max(1, ...small.map((each) => each.stored[each.axes.indexOf(axis)]!)),
  )
  const [a, b] = small.map((each) => {
    const plain = tracer.plain({ ...each, shape: stored })
    return (plain.source as { constant: Values }).constant
  })
  const constant = Float32Array.from(a!, (value, index) => compute(value, b?.[index] ?? 0))
  return { dtype: 'float32', shape, axes: upTo(shape.length), stored, source: { constant } }
}

export function add(tracer: Tracer, a: TracedTensor, b: TracedTensor): TracedTensor {
  const shape = broadcastShape(a.shape, b.shape)
  if (uniformValue(b) === 0) return broadcastTo(tracer, a, shape)
  if (uniformValue(a) === 0) return broadcastTo(tracer, b, shape)
  return elementwise(tracer, 'Add', [a, b])
}

export function subtract(tracer: Tracer, a: TracedTensor, b: TracedTensor): TracedTensor {
  if (uniformValue(b) === 0) return broadcastTo(tracer, a, broadcastShape(a.shape, b.shape))
  if (uniformValue(a) === 0)
    return broadcastTo(tracer, unary(tracer, 'Neg', b), broadcastShape(a.shape, b.shape))
  return elementwise(tracer, 'Sub', [a, b])
}

/** A product; times one costs nothing, and times zero is zero (where TensorFlow.js would make NaN of ∞ · 0). */
export function multiply(tracer: Tracer, a: TracedTensor, b: TracedTensor): TracedTensor {
  const shape = broadcastShape(a.shape, b.shape)
  for (const [factor, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const single = uniformValue(factor)
    if (single === 0) return uniform(0, shape, a.dtype)
    if (single === 1) return broadcastTo(tracer, other, shape)
    if (single === -1) return broadcastTo(tracer, unary(tracer, 'Neg', other), shape)
  }
  return elementwise(tracer, 'Mul', [a, b])
}

export function divide(tracer: Tracer, a: TracedTensor, b: TracedTensor): TracedTensor {
  const single = uniformValue(b)
  if (single === 1) return broadcastTo(tracer, a, broadcastShape(a.shape, b.shape))
  // A power of two divides exactly by multiplication, which is faster.
  if (single !== null && a.dtype === 'float32' && Number.isInteger(Math.log2(Math.abs(single)))) {
    return multiply(tracer, a, { ...b, source: { constant: Float32Array.of(1 / single) } })
  }
  return elementwise(tracer, 'Div', [a, b])
}

export function unary(
  tracer: Tracer,
  operator: string,
  x: TracedTensor,
  dtype: DType = x.dtype,
): TracedTensor {
  return fold(tracer, operator, [x], x.shape) ?? tracer.emit(operator, [x], {}, { ...x, dtype })
}

/** A scalar to compute with. */
export function scalar(value: number, dtype: DType = 'float32'): TracedTensor {
  return uniform(value, [], dtype)
}

/** Elements of `yes` where `condition` holds, of `no` elsewhere. */
export function where(
  tracer: Tracer,
  condition: TracedTensor,
  yes: TracedTensor,
  no: TracedTensor,
): TracedTensor {
  return elementwise(tracer, 'Where', [condition, yes, no], yes.dtype)
}

const first = (inputs: KernelInputs) => Object.values(inputs)[0]!

/** One ONNX operator of the same meaning; whole numbers are left alone where rounding would not change them. */
function one(operator: string, { rounding = false } = {}): KernelTrace {
  return (tracer, inputs) => {
    const x = first(inputs)
    return rounding && x.dtype !== 'float32' ? x : unary(tracer, operator, x)
  }
}

/** A formula of its own, on one tensor. */
function formula(compute: (tracer: Tracer, x: TracedTensor) => TracedTensor): KernelTrace {
  return (tracer, inputs) => compute(tracer, first(inputs))
}

function binary(compute: (tracer: Tracer, a: TracedTensor, b: TracedTensor) => TracedTensor): KernelTrace {
  return (tracer, { a, b }) => compute(tracer, a!, b!)
}

const two = (operator: string) => binary((tracer, a, b) => elementwise(tracer, operator, [a, b]))

/** Comparisons take numbers; ONNX compares truth values with Equal only. */
function comparison(operator: string): KernelTrace {
  return binary((tracer, a, b) => {
    const [left, right] = a.dtype === 'bool' ? [tracer.cast(a, 'int32'), tracer.cast(b, 'int32')] : [a, b]
    return elementwise(tracer, operator, [left, right], 'bool')
  })
}

function not(tracer: Tracer, x: TracedTensor): TracedTensor {
  return unary(tracer, 'Not', tracer.cast(x, 'bool'))
}

function logical(operator: string): KernelTrace {
  return binary((tracer, a, b) =>
    elementwise(tracer, operator, [tracer.cast(a, 'bool'), tracer.cast(b, 'bool')], 'bool'),
  )
}

const exp = (tracer: Tracer, x: TracedTensor) => unary(tracer, 'Exp', x)
const log = (tracer: Tracer, x: TracedTensor) => unary(tracer, 'Log', x)

/** e^x − 1. */
function expm1(tracer: Tracer, x: TracedTensor): TracedTensor {
  // e^x − 1 loses its digits near 0; the tanh form keeps them: 2t / (1 − t), t = tanh(x / 2).
  const t = unary(tracer, 'Tanh', multiply(tracer, x, scalar(0.5)))
  const near = divide(tracer, multiply(tracer, t, scalar(2)), subtract(tracer, scalar(1), t))
  const far = subtract(tracer, exp(tracer, x), scalar(1))
  const isNear = elementwise(tracer, 'Less', [unary(tracer, 'Abs', x), scalar(0.5)], 'bool')
  return where(tracer, isNear, near, far)
}

/** log(1 + x) keeps its digits near 0 as 2·artanh(x / (2 + x)). */
function log1p(tracer: Tracer, x: TracedTensor): TracedTensor {
  const ratio = divide(tracer, x, add(tracer, x, scalar(2)))
  const near = multiply(tracer, unary(tracer, 'Atanh', ratio), scalar(2))
  const far = log(tracer, add(tracer, x, scalar(1)))
  const isNear = elementwise(tracer, 'Less', [unary(tracer, 'Abs', x), scalar(0.25)], 'bool')
  return where(tracer, isNear, near, far)
}

/** Remainder with the divisor's sign, as TensorFlow.js has it. */
function modulo(tracer: Tracer, a: TracedTensor, b: TracedTensor): TracedTensor {
  if (a.dtype !== 'float32') return elementwise(tracer, 'Mod', [a, b])
  const quotient = unary(tracer, 'Floor', elementwise(tracer, 'Div', [a, b]))
  return subtract(tracer, a, multiply(tracer, quotient, b))
}

function floorDivide(tracer: Tracer, a: TracedTensor, b: TracedTensor): TracedTensor {
  const [left, right] = [tracer.cast(a, 'float32'), tracer.cast(b, 'float32')]
  return tracer.cast(unary(tracer, 'Floor', elementwise(tracer, 'Div', [left, right])), 'int32')
}

function power(tracer: Tracer, a: TracedTensor, b: TracedTensor): TracedTensor {
  const exponent = uniformValue(b)
  const shape = broadcastShape(a.shape, b.shape)
  if (exponent === 1) return broadcastTo(tracer, a, shape)
  if (exponent === 2) return broadcastTo(tracer, multiply(tracer, a, a), shape)
  if (exponent === 0.5 && a.dtype === 'float32') return broadcastTo(tracer, unary(tracer, 'Sqrt', a), shape)
  // ONNX Runtime's WebGPU provider fails on a Pow that broadcasts (1.30).
  const full = exponent === null ? tracer.expand(broadcastTo(tracer, b, shape)) : b
  return elementwise(tracer, 'Pow', [
    exponent === null ? tracer.expand(broadcastTo(tracer, a, shape)) : a,
    full,
  ])
}

/** Angle of (b, a), in all four quadrants. */
function atan2(tracer: Tracer, a: TracedTensor, b: TracedTensor): TracedTensor {
  const angle = unary(tracer, 'Atan', elementwise(tracer, 'Div', [a, b]))
  const below = elementwise(tracer, 'Less', [a, scalar(0)], 'bool')
  const turned = where(tracer, below, scalar(-Math.PI), scalar(Math.PI))
  const behind = elementwise(tracer, 'Less', [b, scalar(0)], 'bool')
  const sum = add(tracer, angle, where(tracer, behind, turned, scalar(0)))
  const atOrigin = elementwise(
    tracer,
    'And',
    [
      elementwise(tracer, 'Equal', [a, scalar(0)], 'bool'),
      elementwise(tracer, 'Equal', [b, scalar(0)], 'bool'),
    ],
    'bool',
  )
  return where(tracer, atOrigin, scalar(0), sum)
}

/** max(x, 0), written as ONNX's Relu. */
export const relu = (tracer: Tracer, x: TracedTensor) => unary(tracer, 'Relu', x)

export function leakyRelu(tracer: Tracer, x: TracedTensor, alpha: number): TracedTensor {
  return tracer.emit('LeakyRelu', [x], { alpha: { float: alpha } }, x)
}

function prelu(tracer: Tracer, x: TracedTensor, alpha: TracedTensor): TracedTensor {
  if (tracer.block > 0) {
    // αx + (1 − α)·max(x, 0): factors for each channel are a blocked kernel, a choice between two tensors is none.
    const rest = multiply(tracer, relu(tracer, x), subtract(tracer, scalar(1), alpha))
    return add(tracer, multiply(tracer, x, alpha), rest)
  }
  const positive = elementwise(tracer, 'Greater', [x, scalar(0)], 'bool')
  return where(tracer, positive, x, multiply(tracer, x, alpha))
}

export function clip(tracer: Tracer, x: TracedTensor, low: number, high: number): TracedTensor {
  return tracer.emit('Clip', [x, scalar(low, x.dtype), scalar(high, x.dtype)], {}, x)
}

/** The activations that fused kernels name. */
export function activate(
  tracer: Tracer,
  x: TracedTensor,
  activation: string | undefined,
  alphas: TracedTensor | undefined,
  leakyAlpha: number | undefined,
): TracedTensor {
  switch (activation) {
    case undefined:
    case null:
    case 'linear':
      return x
    case 'relu':
      return relu(tracer, x)
    case 'relu6':
      return clip(tracer, x, 0, 6)
    case 'elu':
      return tracer.emit('Elu', [x], {}, x)
    case 'sigmoid':
      return unary(tracer, 'Sigmoid', x)
    case 'prelu':
      return prelu(tracer, x, alphas!)
    case 'leakyrelu':
      return leakyRelu(tracer, x, leakyAlpha ?? 0.2)
    default:
      throw new Error(`The tracing backend has no activation “${activation}”`)
  }
}

const seluAlpha = 1.7580993408473768 // scale · α, Klambauer et al. 2017
const seluScale = 1.0507009873554805

/** Kernels whose result at one place depends on their inputs at that place only. */
export const elementwiseKernels: KernelTable = {
  Abs: one('Abs'),
  Acos: one('Acos'),
  Acosh: one('Acosh'),
  Asin: one('Asin'),
  Asinh: one('Asinh'),
  Atan: one('Atan'),
  Atanh: one('Atanh'),
  Ceil: one('Ceil', { rounding: true }),
  Cos: one('Cos'),
  Cosh: one('Cosh'),
  Erf: one('Erf'),
  Exp: one('Exp'),
  Expm1: formula(expm1),
  Floor: one('Floor', { rounding: true }),
  IsFinite: formula((tracer, x) =>
    not(
      tracer,
      elementwise(
        tracer,
        'Or',
        [unary(tracer, 'IsNaN', x, 'bool'), unary(tracer, 'IsInf', x, 'bool')],
        'bool',
      ),
    ),
  ),
  IsInf: formula((tracer, x) => unary(tracer, 'IsInf', x, 'bool')),
  IsNan: formula((tracer, x) => unary(tracer, 'IsNaN', x, 'bool')),
  Log: one('Log'),
  Log1p: formula(log1p),
  Neg: one('Neg'),
  Reciprocal: one('Reciprocal'),
  Round: one('Round', { rounding: true }),
  Rsqrt: formula((tracer, x) => unary(tracer, 'Reciprocal', unary(tracer, 'Sqrt', x))),
  Sigmoid: one('Sigmoid'),
  Sign: one('Sign'),
  Sin: one('Sin'),
  Sinh: one('Sinh'),
  Softplus: one('Softplus'),
  Sqrt: one('Sqrt'),
  Square: formula((tracer, x) => multiply(tracer, x, x)),
  Tan: one('Tan'),
  Tanh: one('Tanh'),

  Relu: formula(relu),
  Relu6: formula((tracer, x) => clip(tracer, x, 0, 6)),
  Elu: formula((tracer, x) => tracer.emit('Elu', [x], {}, x)),
  EluGrad: (tracer, { dy, y }) => {
    const positive = elementwise(tracer, 'GreaterOrEqual', [y!, scalar(0)], 'bool')
    return where(tracer, positive, dy!, multiply(tracer, dy!, add(tracer, y!, scalar(1))))
  },
  Selu: formula((tracer, x) =>
    tracer.emit('Selu', [x], { alpha: { float: seluAlpha / seluScale }, gamma: { float: seluScale } }, x),
  ),
  LeakyRelu: (tracer, { x }, { alpha }) => leakyRelu(tracer, x!, alpha),
  Prelu: (tracer, { x, alpha }) => prelu(tracer, x!, alpha!),
  ClipByValue: (tracer, { x }, { clipValueMin, clipValueMax }) =>
    clip(tracer, x!, clipValueMin, clipValueMax),
  Step: (tracer, { x }, { alpha }) => {
    const positive = elementwise(tracer, 'Greater', [x!, scalar(0, x!.dtype)], 'bool')
    if (!alpha) return tracer.cast(positive, 'float32')
    return where(tracer, positive, scalar(1), scalar(alpha))
  },

  Add: binary(add),
  AddN: (tracer, inputs) => Object.values(inputs).reduce((sum, each) => add(tracer, sum, each)),
  Atan2: binary(atan2),
  FloorDiv: binary(floorDivide),
  Maximum: two('Max'),
  Minimum: two('Min'),
  Mod: binary(modulo),
  Multiply: binary(multiply),
  Pow: binary(power),
  RealDiv: binary(divide),
  SquaredDifference: binary((tracer, a, b) => {
    const difference = subtract(tracer, a, b)
    return multiply(tracer, difference, difference)
  }),
  Sub: binary(subtract),

  Equal: comparison('Equal'),
  NotEqual: (tracer, inputs, attributes) =>
    not(tracer, comparison('Equal')(tracer, inputs, attributes) as TracedTensor),
  Greater: comparison('Greater'),
  GreaterEqual: comparison('GreaterOrEqual'),
  Less: comparison('Less'),
  LessEqual: comparison('LessOrEqual'),
  LogicalAnd: logical('And'),
  LogicalOr: logical('Or'),
  LogicalXor: logical('Xor'),
  LogicalNot: formula(not),

  Select: (tracer, { condition, t, e }) => {
    // A condition of rank one picks whole rows.
    const rank = t!.shape.length
    const rows =
      condition!.shape.length === 1 && rank > 1
        ? { ...condition!, shape: [condition!.shape[0]!, ...Array<number>(rank - 1).fill(1)] }
        : condition!
    const aligned =
      rows === condition
        ? rows
        : tracer.restore(
            {
              ...rows,
              axes: upTo(rank),
              stored: [condition!.stored[0]!, ...Array<number>(rank - 1).fill(1)],
            },
            condition!,
          )
    return where(tracer, tracer.cast(aligned, 'bool'), t!, e!)
  },
}
