import * as tf from '@tensorflow/tfjs'

/** One use of a TensorFlow.js kernel: inputs by shape, the operation, and how near the two results must be. */
export interface KernelCase {
  kernel: string // TensorFlow.js's name
  what?: string // where a kernel has several cases
  inputs: InputCase[]
  run: (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[]
  /** Checked where TensorFlow.js has a gradient; 'finite-differences' where its `cpu` backend gets it wrong. */
  gradient?: 'cpu' | 'finite-differences' | 'none'
}

export interface InputCase {
  shape: number[]
  dtype?: 'float32' | 'int32' | 'bool'
  /** Elements are drawn evenly from this range. */
  from?: number
  to?: number
}

const numbers = (shape: number[], from = -2, to = 2): InputCase => ({ shape, from, to })
const wholes = (shape: number[], from = -3, to = 4): InputCase => ({ shape, from, to, dtype: 'int32' })
const truths = (shape: number[]): InputCase => ({ shape, from: 0, to: 2, dtype: 'bool' })

const unaryRanges: [string, (x: tf.Tensor) => tf.Tensor, number?, number?][] = [
  ['Abs', tf.abs],
  ['Acos', tf.acos, -0.9, 0.9],
  ['Acosh', tf.acosh, 1.1, 4],
  ['Asin', tf.asin, -0.9, 0.9],
  ['Asinh', tf.asinh],
  ['Atan', tf.atan],
  ['Atanh', tf.atanh, -0.9, 0.9],
  ['Ceil', tf.ceil],
  ['Cos', tf.cos],
  ['Cosh', tf.cosh],
  ['Elu', tf.elu],
  ['Erf', tf.erf],
  ['Exp', tf.exp],
  ['Expm1', tf.expm1, -1, 1],
  ['Floor', tf.floor],
  ['Log', tf.log, 0.1, 5],
  ['Log1p', tf.log1p, -0.5, 2],
  ['Neg', tf.neg],
  ['Reciprocal', tf.reciprocal, 0.3, 3],
  ['Relu', tf.relu],
  ['Relu6', tf.relu6, -4, 9],
  ['Round', tf.round],
  ['Rsqrt', tf.rsqrt, 0.2, 4],
  ['Selu', tf.selu],
  ['Sigmoid', tf.sigmoid],
  ['Sign', tf.sign],
  ['Sin', tf.sin],
  ['Sinh', tf.sinh],
  ['Softplus', tf.softplus],
  ['Sqrt', tf.sqrt, 0.1, 4],
  ['Square', tf.square],
  ['Tan', tf.tan, -1, 1],
  ['Tanh', tf.tanh],
]

const binaries: [string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor, number?, number?][] = [
  ['Add', tf.add],
  ['Atan2', tf.atan2],
  ['Maximum', tf.maximum],
  ['Minimum', tf.minimum],
  ['Mod', tf.mod, 0.5, 4],
  ['Multiply', tf.mul],
  ['Pow', tf.pow, 0.3, 2],
  ['RealDiv', tf.div, 0.3, 3],
  ['SquaredDifference', tf.squaredDifference],
  ['Sub', tf.sub],
]

const comparisons: [string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor][] = [
  ['Equal', tf.equal],
  ['NotEqual', tf.notEqual],
  ['Greater', tf.greater],
  ['GreaterEqual', tf.greaterEqual],
  ['Less', tf.less],
  ['LessEqual', tf.lessEqual],
]

const image = (n: number, height: number, width: number, channels: number) =>
  numbers([n, height, width, channels])
const conv =
  (stride: number, pad: 'same' | 'valid' | number, dilation = 1) =>
  (x: tf.Tensor, f: tf.Tensor) =>
    tf.conv2d(x as tf.Tensor4D, f as tf.Tensor4D, stride, pad, 'NHWC', dilation)
const depthwise =
  (stride: number, pad: 'same' | 'valid', dilation = 1) =>
  (x: tf.Tensor, f: tf.Tensor) =>
    tf.depthwiseConv2d(x as tf.Tensor4D, f as tf.Tensor4D, stride, pad, 'NHWC', dilation)

/** Every kernel that can be traced, at least once; the shapes are small and no two sizes are alike. */
export const kernelCases: KernelCase[] = [
  ...unaryRanges.map(([kernel, run, from, to]) => ({ kernel, inputs: [numbers([3, 4], from, to)], run })),
  ...binaries.flatMap(([kernel, run, from, to]): KernelCase[] => [
    { kernel, inputs: [numbers([3, 4], from, to), numbers([3, 4], from, to)], run },
    {
      kernel,
      what: 'broadcast',
      inputs: [numbers([2, 3, 4], from, to), numbers([3, 1], from, to)],
      run,
      // TensorFlow.js's own gradient of these three throws when the shapes differ.
      gradient: ['Maximum', 'Minimum', 'SquaredDifference'].includes(kernel) ? 'none' : 'cpu',
    },
  ]),
  ...comparisons.map(([kernel, run]) => ({ kernel, inputs: [wholes([3, 4]), wholes([4])], run })),
  {
    kernel: 'Greater',
    what: 'as a mask on what it compares',
    inputs: [numbers([3, 4]), numbers([3, 4])],
    run: (a, b) => a.mul(tf.greater(a, b)),
    gradient: 'finite-differences',
  },
  {
    kernel: 'Multiply',
    what: 'of numbers and whole numbers',
    inputs: [wholes([3, 4]), numbers([4])],
    run: tf.mul,
    gradient: 'none',
  },
  {
    kernel: 'Multiply',
    what: 'by one, zero and minus one',
    inputs: [numbers([2, 3])],
    run: (x) => tf.stack([x.mul(1), x.mul(0), x.mul(-1), x.mul(tf.ones([2, 3])), tf.scalar(1).mul(x)]),
  },
  { kernel: 'Sub', what: 'from zero', inputs: [numbers([3])], run: (x) => tf.sub(0, x) },
  {
    kernel: 'RealDiv',
    what: 'by known numbers',
    inputs: [numbers([3])],
    run: (x) => tf.stack([x.div(4), x.div(3), x.div(1)]),
  },
  {
    kernel: 'Pow',
    what: 'with known exponents',
    inputs: [numbers([3], 0.2, 2)],
    run: (x) => tf.stack([x.pow(1), x.pow(2), x.pow(0.5), x.pow(3)]),
  },
  { kernel: 'AddN', inputs: [numbers([3]), numbers([3]), numbers([3])], run: (...all) => tf.addN(all) },
  {
    kernel: 'FloorDiv',
    inputs: [wholes([3, 4], -9, 9), wholes([4], 1, 5)],
    run: tf.floorDiv,
    gradient: 'none',
  },
  {
    kernel: 'Mod',
    what: 'of whole numbers',
    inputs: [wholes([3, 4], -9, 9), wholes([4], 1, 5)],
    run: tf.mod,
    gradient: 'none',
  },
  { kernel: 'IsFinite', inputs: [numbers([4])], run: (x) => tf.isFinite(x.div(x.relu())) },
  { kernel: 'IsInf', inputs: [numbers([4])], run: (x) => tf.isInf(tf.scalar(1).div(x.relu())) },
  { kernel: 'IsNan', inputs: [numbers([4])], run: (x) => tf.isNaN(x.relu().div(x.relu())) },
  { kernel: 'LogicalAnd', inputs: [truths([3, 4]), truths([3, 4])], run: tf.logicalAnd },
  { kernel: 'LogicalOr', inputs: [truths([3, 4]), truths([3, 4])], run: tf.logicalOr },
  { kernel: 'LogicalXor', inputs: [truths([3, 4]), truths([3, 4])], run: tf.logicalXor },
  { kernel: 'LogicalNot', inputs: [truths([3, 4])], run: tf.logicalNot },
  {
    kernel: 'Select',
    inputs: [truths([3, 4]), numbers([3, 4]), numbers([3, 4])],
    run: (c, a, b) => tf.where(c, a, b),
  },
  {
    kernel: 'Select',
    what: 'broadcast',
    inputs: [truths([3, 1]), numbers([3, 4]), numbers([])],
    run: (c, a, b) => tf.where(c, a, b),
    gradient: 'none',
  },
  { kernel: 'LeakyRelu', inputs: [numbers([3, 4])], run: (x) => tf.leakyRelu(x, 0.3) },
  {
    kernel: 'LeakyRelu',
    what: 'as face-api writes it',
    inputs: [numbers([3, 4])],
    run: (x) => tf.add(tf.relu(tf.sub(x, tf.mul(x, 0.1))), tf.mul(x, 0.1)),
  },
  { kernel: 'Prelu', inputs: [numbers([2, 3, 4]), numbers([4], 0.1, 0.5)], run: tf.prelu },
  { kernel: 'ClipByValue', inputs: [numbers([3, 4])], run: (x) => tf.clipByValue(x, -1, 0.5) },
  { kernel: 'Step', inputs: [numbers([3, 4])], run: (x) => tf.stack([tf.step(x), tf.step(x, 0.2)]) },
  { kernel: 'EluGrad', inputs: [numbers([3, 4])], run: (x) => tf.grad(tf.elu)(x), gradient: 'none' },

  ...(
    [
      ['Sum', tf.sum],
      ['Mean', tf.mean],
      ['Max', tf.max],
      ['Min', tf.min],
      ['Prod', tf.prod],
    ] as [string, (x: tf.Tensor, axis?: number | number[], keepDims?: boolean) => tf.Tensor][]
  ).flatMap(([kernel, run]): KernelCase[] => [
    {
      kernel,
      what: 'everything',
      inputs: [numbers([2, 3])],
      run: (x) => run(x),
      gradient: kernel === 'Prod' ? 'none' : 'cpu',
    },
    {
      kernel,
      what: 'last axis',
      inputs: [numbers([2, 3, 4])],
      run: (x) => run(x, -1),
      gradient: kernel === 'Prod' ? 'none' : 'cpu',
    },
    {
      kernel,
      what: 'outer axes, kept',
      inputs: [numbers([2, 3, 4])],
      run: (x) => run(x, [0, 1], true),
      gradient: kernel === 'Prod' ? 'none' : 'cpu',
    },
    {
      kernel,
      what: 'of a pending broadcast',
      inputs: [numbers([3, 1])],
      run: (x) => run(x.broadcastTo([2, 3, 4]), [0, 2]),
      gradient: 'none',
    },
    {
      kernel,
      what: 'after a transpose',
      inputs: [numbers([2, 3, 4])],
      run: (x) => run(x.transpose([2, 0, 1]), 0),
      gradient: kernel === 'Prod' ? 'none' : 'cpu',
    },
  ]),
  { kernel: 'Sum', what: 'of truths', inputs: [truths([3, 4])], run: (x) => tf.sum(x, 1), gradient: 'none' },
  { kernel: 'All', inputs: [truths([5, 2])], run: (x) => tf.all(x, 1), gradient: 'none' },
  { kernel: 'Any', inputs: [truths([5, 2])], run: (x) => tf.any(x, 1), gradient: 'none' },
  { kernel: 'ArgMax', inputs: [numbers([3, 4, 5])], run: (x) => tf.argMax(x, 1) },
  { kernel: 'ArgMin', inputs: [numbers([3, 4])], run: (x) => tf.argMin(x.transpose(), -1) },
  { kernel: 'Cumsum', inputs: [numbers([3, 4])], run: (x) => tf.cumsum(x, 1) },
  {
    kernel: 'Cumsum',
    what: 'exclusive, reversed',
    inputs: [numbers([3, 4])],
    run: (x) => tf.cumsum(x, 1, true, true),
  },
  { kernel: 'Softmax', inputs: [numbers([3, 4])], run: (x) => tf.softmax(x) },
  { kernel: 'LogSoftmax', inputs: [numbers([3, 4])], run: (x) => tf.logSoftmax(x) },
  {
    kernel: 'TopK',
    inputs: [numbers([3, 5])],
    run: (x) => {
      const { values, indices } = tf.topk(x, 2)
      return [values, indices]
    },
    gradient: 'none',
  },

  { kernel: 'Identity', inputs: [numbers([3])], run: (x) => x.clone() },
  { kernel: 'Reshape', inputs: [numbers([2, 3, 4])], run: (x) => x.reshape([6, 4]) },
  {
    kernel: 'Reshape',
    what: 'after a transpose, apart',
    inputs: [numbers([2, 3, 4])],
    run: (x) => x.transpose([2, 0, 1]).reshape([4, 6]),
  },
  {
    kernel: 'Reshape',
    what: 'after a transpose, across',
    inputs: [numbers([2, 3, 4])],
    run: (x) => x.transpose([0, 2, 1]).reshape([2, 12]),
  },
  {
    kernel: 'Reshape',
    what: 'splitting',
    inputs: [numbers([4, 6])],
    run: (x) => x.transpose().reshape([2, 3, 1, 2, 2]),
  },
  {
    kernel: 'Reshape',
    what: 'of a pending broadcast',
    inputs: [numbers([2, 1, 3])],
    run: (x) =>
      tf.stack([
        x.broadcastTo([2, 4, 3]).reshape([8, 3]),
        x.broadcastTo([2, 4, 3]).reshape([2, 1, 4, 3]).reshape([8, 3]),
      ]),
  },
  {
    kernel: 'Reshape',
    what: 'of a broadcast of new axes',
    inputs: [numbers([3])],
    run: (x) => x.broadcastTo([2, 4, 3]).reshape([8, 3]).reshape([2, 2, 2, 3]).sum([0, 1]),
  },
  {
    kernel: 'Reshape',
    what: 'of an image',
    inputs: [image(2, 5, 4, 2), numbers([3, 3, 2, 3])],
    run: (x, f) => conv(1, 'same')(x, f).reshape([2, 20, 3]).reshape([2, 60]),
  },
  {
    kernel: 'ExpandDims',
    inputs: [numbers([2, 3])],
    run: (x) => tf.concat([x.expandDims(1).reshape([-1]), x.expandDims(-1).reshape([-1])], 0),
  },
  { kernel: 'Transpose', inputs: [numbers([2, 3, 4])], run: (x) => x.transpose([2, 0, 1]) },
  {
    kernel: 'Transpose',
    what: 'meeting a tensor that is not',
    inputs: [numbers([2, 3, 4]), numbers([4, 2, 3]), numbers([3])],
    run: (a, b, c) => a.transpose([2, 0, 1]).add(b).mul(c),
  },
  { kernel: 'BroadcastTo', inputs: [numbers([3, 1])], run: (x) => tf.broadcastTo(x, [2, 3, 4]) },
  { kernel: 'Fill', inputs: [numbers([2])], run: (x) => tf.concat([tf.fill([2], 7), x, tf.fill([1], 0)], 0) },
  { kernel: 'ZerosLike', inputs: [numbers([2, 3])], run: (x) => x.add(tf.zerosLike(x)) },
  { kernel: 'OnesLike', inputs: [numbers([2, 3])], run: (x) => x.add(tf.onesLike(x)) },
  {
    kernel: 'Cast',
    inputs: [numbers([6], -3, 3)],
    run: (x) => [x.cast('int32'), x.cast('bool'), x.greater(0).cast('float32')],
    gradient: 'none',
  },
  { kernel: 'Slice', inputs: [numbers([4, 5])], run: (x) => x.slice([1, 2], [2, 2]) },
  {
    kernel: 'Slice',
    what: 'of a pending broadcast, transposed',
    inputs: [numbers([4, 1])],
    run: (x) => x.broadcastTo([4, 5]).transpose().slice([1, 2], [2, 2]),
  },
  {
    kernel: 'StridedSlice',
    inputs: [numbers([7, 5])],
    run: (x) => tf.stridedSlice(x, [1, 4], [6, 0], [2, -2]),
    gradient: 'none',
  },
  {
    kernel: 'StridedSlice',
    what: 'shrinking',
    inputs: [numbers([7, 5])],
    run: (x) => tf.stridedSlice(x, [2, 1], [3, 4], [1, 1], 0, 0, 0, 0, 1),
    gradient: 'none',
  },
  { kernel: 'Reverse', inputs: [numbers([3, 4])], run: (x) => tf.reverse(x, 1) },
  { kernel: 'Reverse', what: 'both axes', inputs: [numbers([3, 4])], run: (x) => tf.reverse(x) },
  {
    kernel: 'Concat',
    inputs: [numbers([2, 3]), numbers([2, 1]), numbers([2, 2])],
    run: (...all) => tf.concat(all, 1),
  },
  {
    kernel: 'Concat',
    what: 'of many',
    inputs: [numbers([2, 3]), numbers([2, 3])],
    run: (a, b) =>
      tf.concat(
        Array.from({ length: 15 }, (_, i) => (i % 2 ? a : b)),
        1,
      ),
  },
  {
    kernel: 'Concat',
    what: 'with zeros at an end',
    inputs: [numbers([2, 3])],
    run: (x) => tf.concat([tf.zeros([1, 3]), x, tf.zeros([2, 3])], 0),
  },
  {
    kernel: 'Concat',
    what: 'of truths, and of broadcasts',
    inputs: [numbers([1, 3]), numbers([2, 3])],
    run: (a, b) => tf.concat([a.broadcastTo([2, 3]).greater(0), b.greater(0)], 0),
  },
  { kernel: 'Pack', inputs: [numbers([2, 3]), numbers([2, 3])], run: (...all) => tf.stack(all, 1) },
  {
    kernel: 'Unpack',
    inputs: [numbers([2, 3])],
    run: (x) => tf.unstack(x, 1).reduce((a, b) => a.mul(2).add(b)),
  },
  {
    kernel: 'SplitV',
    inputs: [numbers([2, 6])],
    run: (x) => {
      const [a, b] = tf.split(x, [2, 4], 1)
      return tf.concat([b!, a!], 1)
    },
  },
  {
    kernel: 'PadV2',
    inputs: [numbers([2, 3])],
    run: (x) =>
      tf.pad(
        x,
        [
          [1, 0],
          [0, 2],
        ],
        5,
      ),
  },
  {
    kernel: 'PadV2',
    what: 'of a pending broadcast',
    inputs: [numbers([2, 1])],
    run: (x) =>
      tf.pad(x.broadcastTo([2, 3]), [
        [1, 0],
        [0, 2],
      ]),
  },
  {
    kernel: 'MirrorPad',
    inputs: [numbers([3, 4])],
    run: (x) =>
      tf.mirrorPad(
        x,
        [
          [2, 1],
          [0, 3],
        ],
        'reflect',
      ),
    gradient: 'none',
  },
  {
    kernel: 'MirrorPad',
    what: 'symmetric',
    inputs: [numbers([3, 4])],
    run: (x) =>
      tf.mirrorPad(
        x,
        [
          [2, 1],
          [0, 3],
        ],
        'symmetric',
      ),
    gradient: 'none',
  },
  { kernel: 'Tile', inputs: [numbers([2, 3])], run: (x) => tf.tile(x, [2, 3]) },
  { kernel: 'Tile', what: 'of an axis of one', inputs: [numbers([2, 1])], run: (x) => tf.tile(x, [1, 3]) },
  {
    kernel: 'GatherV2',
    inputs: [numbers([4, 3]), wholes([5], 0, 4)],
    run: (x, i) => tf.gather(x, i as tf.Tensor1D),
  },
  {
    kernel: 'GatherV2',
    what: 'along the last axis, by a table',
    inputs: [numbers([4, 3]), wholes([2, 5], 0, 3)],
    run: (x, i) => tf.gather(x, i as tf.Tensor2D, 1),
  },
  {
    kernel: 'GatherNd',
    inputs: [numbers([4, 3]), wholes([5, 2], 0, 3)],
    run: (x, i) => tf.gatherND(x, i),
    gradient: 'none',
  },
  {
    kernel: 'ScatterNd',
    inputs: [wholes([5, 1], 0, 3), numbers([5, 2])],
    run: (i, x) => tf.scatterND(i, x, [4, 2]),
    gradient: 'none',
  },
  {
    kernel: 'UnsortedSegmentSum',
    inputs: [numbers([5, 2]), wholes([5], 0, 3)],
    run: (x, i) => tf.unsortedSegmentSum(x as tf.Tensor2D, i as tf.Tensor1D, 3),
  },
  {
    kernel: 'OneHot',
    inputs: [wholes([5], 0, 4)],
    run: (i) => tf.oneHot(i as tf.Tensor1D, 4),
    gradient: 'none',
  },
  {
    kernel: 'OneHot',
    what: 'with values of its own',
    inputs: [wholes([2, 3], 0, 4)],
    run: (i) => tf.oneHot(i, 4, 5, -1),
    gradient: 'none',
  },

  { kernel: 'BatchMatMul', inputs: [numbers([3, 4]), numbers([4, 2])], run: (a, b) => tf.matMul(a, b) },
  {
    kernel: 'BatchMatMul',
    what: 'both transposed',
    inputs: [numbers([4, 3]), numbers([2, 4])],
    run: (a, b) => tf.matMul(a, b, true, true),
  },
  {
    kernel: 'BatchMatMul',
    what: 'batches',
    inputs: [numbers([5, 3, 4]), numbers([5, 2, 4])],
    run: (a, b) => tf.matMul(a, b, false, true),
  },
  {
    kernel: 'BatchMatMul',
    what: 'of a pending broadcast',
    inputs: [numbers([3, 1]), numbers([4, 2])],
    run: (a, b) => tf.matMul(a.broadcastTo([3, 4]), b),
  },
  {
    kernel: '_FusedMatMul',
    inputs: [numbers([3, 4]), numbers([4, 2]), numbers([2])],
    run: (a, b, bias) => tf.fused.matMul({ a, b, bias, activation: 'relu' }),
    gradient: 'none',
  },
  {
    kernel: 'Einsum',
    inputs: [numbers([3, 4]), numbers([2, 4])],
    run: (a, b) => tf.einsum('ij,kj->ik', a, b),
    gradient: 'none',
  },

  { kernel: 'Conv2D', inputs: [image(2, 7, 6, 3), numbers([3, 3, 3, 4])], run: conv(1, 'same') },
  {
    kernel: 'Conv2D',
    what: 'stride 2, even kernel',
    inputs: [image(2, 7, 6, 3), numbers([2, 2, 3, 4])],
    run: conv(2, 'valid'),
  },
  {
    kernel: 'Conv2D',
    what: 'stride 2, same',
    inputs: [image(2, 7, 6, 3), numbers([3, 3, 3, 4])],
    run: conv(2, 'same'),
  },
  {
    kernel: 'Conv2D',
    what: 'stride 2, kernel of one',
    inputs: [image(2, 7, 6, 3), numbers([1, 1, 3, 4])],
    run: conv(2, 'same'),
  },
  {
    kernel: 'Conv2D',
    what: 'kernel of one',
    inputs: [image(2, 5, 4, 3), numbers([1, 1, 3, 4])],
    run: conv(1, 'valid'),
  },
  {
    kernel: 'Conv2D',
    what: 'stride 3, padding 1',
    inputs: [image(1, 8, 9, 2), numbers([3, 3, 2, 2])],
    run: conv(3, 1),
  },
  {
    kernel: 'Conv2D',
    what: 'dilated',
    inputs: [image(1, 8, 9, 2), numbers([3, 3, 2, 2])],
    run: conv(1, 'same', 2),
    gradient: 'none',
  },
  {
    kernel: 'Conv2D',
    what: 'on a large map',
    inputs: [image(2, 16, 15, 2), numbers([3, 3, 2, 3])],
    run: conv(1, 'same'),
  },
  {
    kernel: 'Conv2D',
    what: 'weights kept as O, I, H, W',
    inputs: [image(2, 5, 4, 3), numbers([4, 3, 3, 3])],
    run: (x, f) => conv(1, 'same')(x, f.transpose([2, 3, 1, 0])),
  },
  {
    kernel: 'DepthwiseConv2dNative',
    inputs: [image(2, 7, 6, 3), numbers([3, 3, 3, 1])],
    run: depthwise(1, 'same'),
  },
  {
    kernel: 'DepthwiseConv2dNative',
    what: 'stride 2, two filters a channel',
    inputs: [image(2, 7, 6, 3), numbers([3, 3, 3, 2])],
    run: depthwise(2, 'same'),
  },
  {
    kernel: 'DepthwiseConv2dNative',
    what: 'stride 2, valid',
    inputs: [image(2, 8, 7, 3), numbers([3, 3, 3, 1])],
    run: depthwise(2, 'valid'),
  },
  {
    kernel: 'DepthwiseConv2dNative',
    what: 'two filters a channel',
    inputs: [image(2, 5, 4, 3), numbers([3, 3, 3, 2])],
    run: depthwise(1, 'valid'),
  },
  {
    kernel: 'FusedConv2D',
    inputs: [image(2, 5, 4, 3), numbers([3, 3, 3, 4]), numbers([4])],
    run: (x, filter, bias) =>
      tf.fused.conv2d({
        x: x as tf.Tensor4D,
        filter: filter as tf.Tensor4D,
        strides: 1,
        pad: 'same',
        bias,
        activation: 'relu6',
      }),
    gradient: 'none',
  },
  {
    kernel: 'FusedDepthwiseConv2D',
    inputs: [image(2, 5, 4, 3), numbers([3, 3, 3, 1]), numbers([3])],
    run: (x, filter, bias) =>
      tf.fused.depthwiseConv2d({
        x: x as tf.Tensor4D,
        filter: filter as tf.Tensor4D,
        strides: 1,
        pad: 'same',
        bias,
        activation: 'relu',
      }),
    gradient: 'none',
  },
  {
    kernel: 'FusedBatchNorm',
    inputs: [image(2, 3, 4, 5), numbers([5]), numbers([5], 0.5, 2), numbers([5]), numbers([5])],
    run: (x, mean, variance, offset, scale) =>
      tf.batchNorm(
        x as tf.Tensor4D,
        mean as tf.Tensor1D,
        variance as tf.Tensor1D,
        offset as tf.Tensor1D,
        scale as tf.Tensor1D,
      ),
  },
  {
    kernel: 'ResizeBilinear',
    inputs: [image(1, 4, 5, 2)],
    run: (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [7, 3]),
    gradient: 'none',
  },
  {
    kernel: 'ResizeBilinear',
    what: 'half pixels',
    inputs: [image(1, 4, 5, 2)],
    run: (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [7, 9], false, true),
    gradient: 'none',
  },

  { kernel: 'MaxPool', inputs: [image(2, 7, 6, 3)], run: (x) => tf.maxPool(x as tf.Tensor4D, 3, 2, 'valid') },
  {
    kernel: 'MaxPool',
    what: 'same, all negative',
    inputs: [numbers([2, 7, 6, 3], -3, -1)],
    run: (x) => tf.maxPool(x as tf.Tensor4D, 3, 2, 'same'),
  },
  {
    kernel: 'MaxPool',
    what: 'ties behind a rectifier',
    inputs: [image(2, 6, 6, 3)],
    run: (x) => tf.maxPool(tf.relu(x) as tf.Tensor4D, 2, 2, 'valid'),
  },
  { kernel: 'AvgPool', inputs: [image(2, 7, 6, 3)], run: (x) => tf.avgPool(x as tf.Tensor4D, 2, 2, 'valid') },
  {
    kernel: 'AvgPool',
    what: 'overlapping',
    inputs: [image(2, 7, 6, 3)],
    run: (x) => tf.avgPool(x as tf.Tensor4D, 3, 1, 'valid'),
  },
  {
    kernel: 'AvgPool',
    what: 'same',
    inputs: [image(2, 7, 6, 3)],
    run: (x) => tf.avgPool(x as tf.Tensor4D, 3, 2, 'same'),
    gradient: 'finite-differences',
  },
  {
    kernel: 'Conv2DBackpropInput',
    inputs: [image(2, 4, 3, 4), numbers([3, 3, 2, 4])],
    run: (dy, filter) =>
      tf.conv2dTranspose(dy as tf.Tensor4D, filter as tf.Tensor4D, [2, 8, 6, 2], 2, 'same'),
  },
]

/** Kernels that are reached through the gradients of others in the table. */
export const reachedByGradients = [
  'Conv2DBackpropFilter',
  'DepthwiseConv2dNativeBackpropInput',
  'DepthwiseConv2dNativeBackpropFilter',
  'MaxPoolGrad',
  'AvgPoolGrad',
]
