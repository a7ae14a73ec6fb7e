import { squaredEuclidean } from '../distances/squared-euclidean.ts'
import { defineMiner } from './miner.ts'

/** Keeps triplets whose angle at the negative is too wide; c is the middle between anchor and positive. */
export const angularMiner = defineMiner({
  id: 'angular',
  name: 'Angular mining',
  formula: 'arctan(‖a − p‖ / (2 ‖n − c‖)) > α, c = (a + p) / 2',
  source:
    'Wang, Zhou, Wen, Liu, Lin 2017 (Angular Loss), the angle at the negative; pytorch-metric-learning, AngularMiner',
  selection: 'triplets',
  settings: { alphaDeg: { default: 20, unit: 'degrees', reason: 'pytorch-metric-learning' } },
  select({ positive, negative, anchors, references }, { alphaDeg }) {
    const squares = squaredEuclidean(anchors, references) //              whatever distance the loss uses
    const ap = squares.expandDims(2) //                         [a, p, 1]
    const an = squares.expandDims(1) //                         [a, 1, n]
    const pn = squaredEuclidean(references, references).expandDims(0) //   [1, p, n]
    // The median of a triangle, by its sides: ‖n − c‖² = (‖a−n‖² + ‖p−n‖²) / 2 − ‖a−p‖² / 4   (Apollonius)
    const median = an.add(pn).div(2).sub(ap.div(4)).relu()
    const wide = ap.greater(median.mul(4 * Math.tan((alphaDeg * Math.PI) / 180) ** 2))
    return wide.cast('float32').mul(positive.expandDims(2)).mul(negative.expandDims(1))
  },
})
