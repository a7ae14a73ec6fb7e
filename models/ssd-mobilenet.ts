import type * as Tensorflow from '@tensorflow/tfjs'

type Tf = typeof Tensorflow
type Tensor4D = Tensorflow.Tensor4D

interface Pointwise {
  filters: Tensor4D
  batch_norm_offset: Tensorflow.Tensor1D
}
interface Depthwise {
  filters: Tensor4D
  batch_norm_scale: Tensorflow.Tensor1D
  batch_norm_offset: Tensorflow.Tensor1D
  batch_norm_mean: Tensorflow.Tensor1D
  batch_norm_variance: Tensorflow.Tensor1D
}
interface Predictor {
  box_encoding_predictor: { filters: Tensor4D; bias: Tensorflow.Tensor1D }
  class_predictor: { filters: Tensor4D; bias: Tensorflow.Tensor1D }
}

/** SsdMobilenetv1's weights, under face-api's own names. */
export interface SsdParameters {
  mobilenetv1: { conv_0: Pointwise } & Record<
    string,
    { depthwise_conv: Depthwise; pointwise_conv: Pointwise } | Pointwise
  >
  prediction_layer: Record<`conv_${number}`, Pointwise> & Record<`box_predictor_${number}`, Predictor>
  output_layer: { extra_dim: Tensorflow.Tensor3D }
}

/** Rows of the picture to one row of the coarser grid: how many it may be cut after. */
export const ssdRowStep = 32

const [fineCells, coarseCells] = [32, 16] // along each side of the 512 px square
const scales = { place: 10, size: 5 } // what box encodings are divided by

/**
 * SsdMobilenetv1 as face-api computes it (Howard et al. 2017; Liu et al. 2016), over the upper rows of its square only:
 * [1, rows, 512, 3], −1 to 1. Below them the square is black, and what the network makes of black is known beforehand,
 * so a wide picture costs by its own height. face-api's forward pass takes the whole square; with all 512 rows this is
 * the same one. Boxes are [5118, 4] top, left, bottom, right in sides of the square, scores [5118].
 */
export function ssdOverRows(tf: Tf, parameters: SsdParameters, image: Tensor4D) {
  const { mobilenetv1, prediction_layer: layer } = parameters
  const seen = mobileNet(tf, mobilenetv1, image)
  const black = ofBlack(tf, mobilenetv1)
  const coarse = filled(tf, seen.coarse, black.coarse, coarseCells)
  const grids = [coarse]
  for (let i = 0; i < 8; i += 2) {
    const narrow = pointwise(tf, grids.at(-1)!, layer[`conv_${i}`]!, 1)
    grids.push(pointwise(tf, narrow, layer[`conv_${i + 1}`]!, 2))
  }
  // The finer grid is only predicted from, place by place: its predictions are filled up, which are fewer numbers.
  const fine = predictions(tf, seen.fine, layer.box_predictor_0!)
  const below = predictions(tf, repeated(tf, black.fine, fineCells, fineCells), layer.box_predictor_0!)
  const all = [
    { boxes: upper(tf, fine.boxes, below.boxes), scores: upper(tf, fine.scores, below.scores) },
    ...grids.map((grid, i) => predictions(tf, grid, layer[`box_predictor_${i + 1}`]!)),
  ]
  const scores = tf.concat(all.map((each) => each.scores))
  return {
    boxes: decoded(tf, tf.concat(all.map(({ boxes }) => boxes)), parameters.output_layer.extra_dim),
    scores: scores.slice([0, 1], [-1, 1]).reshape([-1]).sigmoid(),
  }
}

/** The finer grid of features, one cell to 16 pixels, and the coarser one, to 32. */
function mobileNet(
  tf: Tf,
  parameters: SsdParameters['mobilenetv1'],
  image: Tensor4D,
): { fine: Tensor4D; coarse: Tensor4D } {
  let out = pointwise(tf, image, parameters.conv_0, 2)
  let fine = out
  for (let i = 1; i <= 13; i++) {
    const { depthwise_conv, pointwise_conv } = parameters[`conv_${i}`] as Exclude<
      SsdParameters['mobilenetv1'][string],
      Pointwise
    >
    out = depthwise(tf, out, depthwise_conv, [2, 4, 6, 12].includes(i) ? 2 : 1)
    out = pointwise(tf, out, pointwise_conv, 1)
    if (i === 11) fine = out
  }
  return { fine, coarse: out }
}

/** Features [1, 1, 1, channels] in the middle of black that has no end: every tap of a filter meets the same. */
function ofBlack(tf: Tf, parameters: SsdParameters['mobilenetv1']) {
  const summed = <Layer extends { filters: Tensor4D }>(layer: Layer): Layer => ({
    ...layer,
    filters: layer.filters.sum([0, 1], true),
  })
  const endless = Object.fromEntries(
    Object.entries(parameters).map(([name, layer]) => [
      name,
      'filters' in layer ? summed(layer) : { ...layer, depthwise_conv: summed(layer.depthwise_conv) },
    ]),
  ) as SsdParameters['mobilenetv1']
  return mobileNet(tf, endless, tf.fill([1, 1, 1, 3], -1))
}

/** A grid of fewer rows filled up with black to a square. */
function filled(tf: Tf, grid: Tensor4D, black: Tensor4D, cells: number): Tensor4D {
  const tall = tf.concat([grid, repeated(tf, black, cells, cells)], 1)
  return tall.slice([0, 0, 0, 0], [1, cells, cells, grid.shape[3]])
}

function repeated(tf: Tf, features: Tensor4D, rows: number, columns: number): Tensor4D {
  return tf.tile(features, [1, rows, columns, 1])
}

/** As many predictions as there are for a whole grid: those of the rows that are there, then those of black. */
function upper(tf: Tf, seen: Tensorflow.Tensor2D, black: Tensorflow.Tensor2D): Tensorflow.Tensor2D {
  return tf.concat([seen, black]).slice([0, 0], [black.shape[0], black.shape[1]])
}

/** Of every cell and anchor the encoded box, and what speaks for background, face and nothing else. */
function predictions(tf: Tf, grid: Tensor4D, { box_encoding_predictor, class_predictor }: Predictor) {
  const predict = ({ filters, bias }: Predictor['class_predictor'], numbers: number) =>
    tf.conv2d(grid, filters, 1, 'same').add(bias).reshape([-1, numbers]) as Tensorflow.Tensor2D
  return { boxes: predict(box_encoding_predictor, 4), scores: predict(class_predictor, 3) }
}

/** Boxes from their encodings [n, 4] (centre, then logarithm of size, y before x) relative to the anchors. */
function decoded(tf: Tf, encodings: Tensorflow.Tensor2D, anchors: Tensorflow.Tensor3D): Tensorflow.Tensor2D {
  const column = (of: Tensorflow.Tensor2D, i: number) => of.slice([0, i], [-1, 1])
  const anchor = anchors.reshape([-1, 4]) as Tensorflow.Tensor2D
  const side = (axis: 0 | 1) => {
    const size = column(anchor, axis + 2).sub(column(anchor, axis))
    const centre = column(anchor, axis).add(size.div(2))
    const half = column(encodings, axis + 2)
      .div(scales.size)
      .exp()
      .mul(size)
      .div(2)
    const middle = column(encodings, axis).div(scales.place).mul(size).add(centre)
    return { from: middle.sub(half), to: middle.add(half) }
  }
  const [y, x] = [side(0), side(1)]
  return tf.concat([y.from, x.from, y.to, x.to], 1) as Tensorflow.Tensor2D
}

function pointwise(tf: Tf, x: Tensor4D, layer: Pointwise, stride: 1 | 2): Tensor4D {
  const out = tf.conv2d(x, layer.filters, stride, 'same').add<Tensor4D>(layer.batch_norm_offset)
  return out.clipByValue(0, 6) as Tensor4D
}

function depthwise(tf: Tf, x: Tensor4D, layer: Depthwise, stride: 1 | 2): Tensor4D {
  const out = tf.depthwiseConv2d(x, layer.filters, stride, 'same')
  const { batch_norm_mean: mean, batch_norm_variance: variance } = layer
  const { batch_norm_offset: offset, batch_norm_scale: scale } = layer
  const epsilon = 0.0010000000474974513 // face-api's
  return tf.batchNorm(out as Tensor4D, mean, variance, offset, scale, epsilon).clipByValue(0, 6) as Tensor4D
}
