import { relu } from '../layers/activation.ts'
import { batchNorm } from '../layers/batch-norm.ts'
import { branches, sequence, stage } from '../layers/composition.ts'
import { convolution } from '../layers/convolution.ts'
import { plain, type Layer } from '../layers/layer.ts'
import { linear } from '../layers/linear.ts'
import { globalMean, l2Pooling, maxPooling } from '../layers/pooling.ts'
import { responseNormalisation } from '../layers/response-normalisation.ts'
import { network, type Network } from './network.ts'

/**
 * NN4.small2: FaceNet's NN4 (Schroff et al. 2015) without its layers 4b–4d (Amos et al. 2016, OpenFace), RGB 96×96 → 128.
 * Pooling inside a module has the module's stride, as in FaceNet; OpenFace's Torch file pools coarser and pads the rest
 * with zeros. Convolutions have no bias, batch normalisation follows each.
 */
export function nn4Small({ sidePx = 96, embeddingLength = 128 } = {}): Network {
  const max = maxPooling(3, 1, 'same')
  const l2 = l2Pooling(3)
  return network(
    {
      name: 'nn4-small',
      source: 'Schroff et al. 2015, NN4; Amos et al. 2016, nn4.small2; pooling strides as in FaceNet',
      input: [sidePx, sidePx, 3],
      embeddingLength,
    },
    [
      stage(
        'inception2',
        plain((x) => x.div(255)),
        normalised('1', 3, 64, 7, 2),
        maxPooling(3, 2, 'same'),
        responseNormalisation(64),
        normalised('2.reduce', 64, 64, 1),
        normalised('2', 64, 192, 3),
        responseNormalisation(192),
        maxPooling(3, 2, 'same'),
      ),
      stage(
        'inception3',
        inception('3a', 192, { three: [96, 128], five: [16, 32], pool: [max, 32], one: 64 }),
        inception('3b', 256, { three: [96, 128], five: [32, 64], pool: [l2, 64], one: 64 }),
        inceptionDown('3c', 320, { three: [128, 256], five: [32, 64] }),
      ),
      stage(
        'inception4',
        inception('4a', 640, { three: [96, 192], five: [32, 64], pool: [l2, 128], one: 256 }),
        inceptionDown('4e', 640, { three: [160, 256], five: [64, 128] }),
      ),
      stage(
        'inception5',
        inception('5a', 1024, { three: [96, 384], pool: [l2, 96], one: 256 }),
        inception('5b', 736, { three: [96, 384], pool: [max, 96], one: 256 }),
        globalMean,
      ),
      stage('head', linear('embedding', 736, embeddingLength, { bias: { kind: 'constant', value: 0 } })),
    ],
  )
}

function normalised(name: string, inputs: number, outputs: number, kernel: number, stride = 1): Layer {
  return sequence(convolution(name, inputs, outputs, { kernel, stride }), batchNorm(name, outputs), relu)
}

type Reduced = readonly [reduce: number, outputs: number]

function reduced(
  name: string,
  inputs: number,
  [reduce, outputs]: Reduced,
  kernel: number,
  stride = 1,
): Layer {
  return sequence(
    normalised(`${name}.reduce`, inputs, reduce, 1),
    normalised(name, reduce, outputs, kernel, stride),
  )
}

interface InceptionWidths {
  three: Reduced
  five?: Reduced
  pool: readonly [pooling: Layer, outputs: number]
  one: number
}

/** An Inception module (Szegedy et al. 2015, figure 2b). */
function inception(name: string, inputs: number, { three, five, pool, one }: InceptionWidths): Layer {
  return branches(
    reduced(`${name}.3x3`, inputs, three, 3),
    ...(five ? [reduced(`${name}.5x5`, inputs, five, 5)] : []),
    sequence(pool[0], normalised(`${name}.pool`, inputs, pool[1], 1)),
    normalised(`${name}.1x1`, inputs, one, 1),
  )
}

/** A module that halves the map: no 1×1 branch, and the pooled input passes as it is. */
function inceptionDown(
  name: string,
  inputs: number,
  { three, five }: { three: Reduced; five: Reduced },
): Layer {
  return branches(
    reduced(`${name}.3x3`, inputs, three, 3, 2),
    reduced(`${name}.5x5`, inputs, five, 5, 2),
    maxPooling(3, 2, 'same'),
  )
}
