import { relu, sigmoid } from '../layers/activation.ts'
import { stage } from '../layers/composition.ts'
import { convolution } from '../layers/convolution.ts'
import { plain, type Initialiser } from '../layers/layer.ts'
import { linear } from '../layers/linear.ts'
import { flatten, maxPooling } from '../layers/pooling.ts'
import { network, type Network } from './network.ts'

// as in the paper
const weights: Initialiser = { kind: 'normal', mean: 0, deviation: 0.01 }
const bias: Initialiser = { kind: 'normal', mean: 0.5, deviation: 0.01 }
const wideWeights: Initialiser = { kind: 'normal', mean: 0, deviation: 0.2 }

export interface KochSiameseSettings {
  /** Channels of the four convolutions; the paper's 39 million parameters are more than ten alphabets can fill. */
  widths?: readonly [number, number, number, number]
  embeddingLength?: number
}

/** One twin of the Siamese convnet for characters (Koch, Zemel and Salakhutdinov 2015): 105×105 grey → 4096. */
export function kochSiamese({
  widths = [64, 128, 128, 256],
  embeddingLength = 4096,
}: KochSiameseSettings = {}): Network {
  const [first, second, third, fourth] = widths
  const settings = { padding: 'valid', bias, initialiser: weights } as const
  return network(
    {
      name: 'koch-siamese',
      source: 'Koch, Zemel and Salakhutdinov 2015, Siamese neural networks for one-shot image recognition',
      input: [105, 105, 1],
      embeddingLength,
    },
    [
      stage(
        'conv1',
        plain((x) => x.div(255)),
        convolution('conv1', 1, first, { kernel: 10, ...settings }), // 96
        relu,
        maxPooling(2, 2), // 48
      ),
      stage('conv2', convolution('conv2', first, second, { kernel: 7, ...settings }), relu, maxPooling(2, 2)), // 42, 21
      stage('conv3', convolution('conv3', second, third, { kernel: 4, ...settings }), relu, maxPooling(2, 2)), // 18, 9
      stage('conv4', convolution('conv4', third, fourth, { kernel: 4, ...settings }), relu, flatten), // 6
      stage(
        'head',
        linear('full', 6 * 6 * fourth, embeddingLength, { bias, initialiser: wideWeights }),
        sigmoid,
      ),
    ],
  )
}
