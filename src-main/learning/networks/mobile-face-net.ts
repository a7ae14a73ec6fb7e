import { parametricRelu } from '../layers/activation.ts'
import { batchNorm } from '../layers/batch-norm.ts'
import { residual, sequence, stage } from '../layers/composition.ts'
import { convolution, depthwiseConvolution } from '../layers/convolution.ts'
import { plain, type Layer } from '../layers/layer.ts'
import { flatten } from '../layers/pooling.ts'
import { network, type Network } from './network.ts'

export interface MobileFaceNetSettings {
  sidePx?: number // a multiple of 16; 112 in the paper
  embeddingLength?: number
}

/** MobileFaceNet (Chen et al. 2018, table 1): under a million parameters, RGB 112×112 → 128. */
export function mobileFaceNet({ sidePx = 112, embeddingLength = 128 }: MobileFaceNetSettings = {}): Network {
  if (sidePx % 16) throw new Error(`MobileFaceNet needs a side that is a multiple of 16 px, not ${sidePx}`)
  return network(
    {
      name: 'mobile-face-net',
      source: 'Chen, Liu, Gao and Han 2018, MobileFaceNets, table 1',
      input: [sidePx, sidePx, 3],
      embeddingLength,
    },
    [
      stage(
        'stem',
        plain((x) => x.sub(127.5).div(128)), // the paper's normalisation of pixels
        convolution('stem.1', 3, 64, { kernel: 3, stride: 2 }),
        batchNorm('stem.1', 64),
        parametricRelu('stem.1', 64),
        depthwiseConvolution('stem.2', 64, { kernel: 3 }),
        batchNorm('stem.2', 64),
        parametricRelu('stem.2', 64),
      ),
      stage('bottlenecks1', ...bottlenecks('bottleneck1', 64, 64, { expansion: 2, count: 5, stride: 2 })),
      stage(
        'bottlenecks2',
        ...bottlenecks('bottleneck2', 64, 128, { expansion: 4, count: 1, stride: 2 }),
        ...bottlenecks('bottleneck3', 128, 128, { expansion: 2, count: 6, stride: 1 }),
      ),
      stage(
        'bottlenecks3',
        ...bottlenecks('bottleneck4', 128, 128, { expansion: 4, count: 1, stride: 2 }),
        ...bottlenecks('bottleneck5', 128, 128, { expansion: 2, count: 2, stride: 1 }),
        convolution('wide', 128, 512, { kernel: 1 }),
        batchNorm('wide', 512),
        parametricRelu('wide', 512),
        // the whole remaining map under one learned kernel per channel: the paper's global depthwise convolution
        depthwiseConvolution('global', 512, { kernel: sidePx / 16, padding: 'valid' }),
        batchNorm('global', 512),
      ),
      stage(
        'head',
        convolution('embedding', 512, embeddingLength, { kernel: 1 }),
        batchNorm('embedding', embeddingLength),
        flatten,
      ),
    ],
  )
}

interface Bottlenecks {
  expansion: number
  count: number
  stride: number // of the first; the others keep the size and add their input
}

/** Inverted residuals with a linear end (Sandler et al. 2018, MobileNetV2). */
function bottlenecks(
  name: string,
  inputs: number,
  outputs: number,
  { expansion, count, stride }: Bottlenecks,
): Layer[] {
  return Array.from({ length: count }, (_, i) => {
    const from = i === 0 ? inputs : outputs
    const first = i === 0 ? stride : 1
    const path = bottleneck(`${name}.${i}`, from, outputs, from * expansion, first)
    return first === 1 && from === outputs ? residual(path) : path
  })
}

function bottleneck(name: string, inputs: number, outputs: number, width: number, stride: number): Layer {
  return sequence(
    convolution(`${name}.expand`, inputs, width, { kernel: 1 }),
    batchNorm(`${name}.expand`, width),
    parametricRelu(`${name}.expand`, width),
    depthwiseConvolution(`${name}.depthwise`, width, { kernel: 3, stride }),
    batchNorm(`${name}.depthwise`, width),
    parametricRelu(`${name}.depthwise`, width),
    convolution(`${name}.project`, width, outputs, { kernel: 1 }),
    batchNorm(`${name}.project`, outputs),
  )
}
