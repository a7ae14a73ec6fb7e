import { relu } from '../layers/activation.ts'
import { batchNorm } from '../layers/batch-norm.ts'
import { residual, sequence, stage } from '../layers/composition.ts'
import { convolution } from '../layers/convolution.ts'
import { plain, type Layer } from '../layers/layer.ts'
import { linear } from '../layers/linear.ts'
import { globalMean } from '../layers/pooling.ts'
import { network, type Network } from './network.ts'

export interface SmallResNetSettings {
  sidePx?: number
  channels?: 1 | 3
  /** Channels of each stage; every stage after the first halves the map. */
  widths?: readonly number[]
  blocksPerStage?: number
  stemStride?: 1 | 2
  embeddingLength?: number
}

/** A small residual network (He et al. 2016, basic blocks), for training from scratch on few images or two cores. */
export function smallResNet({
  sidePx = 112,
  channels = 3,
  widths = [16, 32, 64, 128],
  blocksPerStage = 1,
  stemStride = sidePx > 64 ? 2 : 1, // a digit of 28 px loses its strokes to a stride in the stem
  embeddingLength = 128,
}: SmallResNetSettings = {}): Network {
  const stem = widths[0]!
  return network(
    {
      name: 'small-res-net',
      source: 'He et al. 2016, basic blocks; widths and depth our own',
      input: [sidePx, sidePx, channels],
      embeddingLength,
    },
    [
      stage(
        'stem',
        plain((x) => x.sub(127.5).div(128)),
        convolution('stem', channels, stem, { kernel: 3, stride: stemStride }),
        batchNorm('stem', stem),
        relu,
      ),
      ...widths.map((width, i) =>
        stage(
          `stage${i + 1}`,
          ...Array.from({ length: blocksPerStage }, (_, j) => {
            const inputs = j > 0 ? width : (widths[i - 1] ?? stem)
            return basicBlock(`stage${i + 1}.${j}`, inputs, width, i > 0 && j === 0 ? 2 : 1)
          }),
          ...(i === widths.length - 1 ? [globalMean] : []),
        ),
      ),
      stage(
        'head',
        linear('embedding', widths.at(-1)!, embeddingLength, { bias: { kind: 'constant', value: 0 } }),
      ),
    ],
  )
}

function basicBlock(name: string, inputs: number, outputs: number, stride: number): Layer {
  const path = sequence(
    convolution(`${name}.1`, inputs, outputs, { kernel: 3, stride }),
    batchNorm(`${name}.1`, outputs),
    relu,
    convolution(`${name}.2`, outputs, outputs, { kernel: 3 }),
    batchNorm(`${name}.2`, outputs),
  )
  if (stride === 1 && inputs === outputs) return sequence(residual(path), relu)
  const shortcut = sequence(
    convolution(`${name}.shortcut`, inputs, outputs, { kernel: 1, stride }),
    batchNorm(`${name}.shortcut`, outputs),
  )
  return sequence(residual(path, shortcut), relu)
}
