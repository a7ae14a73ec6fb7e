import * as tf from '@tensorflow/tfjs'
import type { Networks } from '../../src-main/engine/parts.ts'
import { withNetwork } from '../../src-main/engine/model-in-use.ts'
import { stage } from '../../src-main/learning/layers/composition.ts'
import { linear } from '../../src-main/learning/layers/linear.ts'
import { globalMean } from '../../src-main/learning/layers/pooling.ts'
import { initialParameters } from '../../src-main/learning/networks/initialise.ts'
import { network, type Network } from '../../src-main/learning/networks/network.ts'
import { recognitionNet } from '../../src-main/learning/networks/recognition-net.ts'
import { exportNetwork, traceNetwork } from '../../src-main/training/export-network.ts'
import { cropSidePx, type Picture } from '../../src-main/vision/face.ts'
import { networkOf } from '../../src-main/vision/network.ts'
import { random } from '../../src-main/learning/random.ts'
import { madeUpNetworks } from './made-up-faces.ts'

/** A network of a few kilobytes in the recognition net's place: mean colours of the crop → 256 features → 128. */
export function colourNetwork(): Network {
  return network(
    { name: 'colours', source: 'drawn for a test', input: [150, 150, 3], embeddingLength: 128 },
    [stage('body', globalMean, linear('body', 3, 256)), stage('head', linear('fc', 256, 128))],
  )
}

/** Its ONNX file, with numbers drawn by a seed. */
export async function colourFile(seed: number): Promise<Uint8Array> {
  await tf.setBackend('cpu')
  const drawn = colourNetwork()
  const parameters = initialParameters(drawn.parameters, seed)
  return (await exportNetwork(drawn, { parameters, statistics: {} }, {})).onnx
}

/** A recognition net's file, of 22 MB, with numbers drawn by a seed. */
export async function recognitionFile(seed: number): Promise<Uint8Array> {
  await tf.setBackend('cpu')
  const net = recognitionNet()
  const parameters = initialParameters(net.parameters, seed)
  return traceNetwork(net, { parameters, statistics: {} }, { parent: '1' })
}

/** A crop of one colour and a little noise, by a seed. */
export function drawnCrop(seed: number): Picture {
  const source = random(seed, 'crop')
  const colour = [source.uniform(), source.uniform(), source.uniform()]
  const rgb = new Uint8Array(cropSidePx * cropSidePx * 3)
  for (let i = 0; i < rgb.length; i++) rgb[i] = 200 * colour[i % 3]! + (i % 50)
  return { width: cropSidePx, height: cropSidePx, rgb }
}

/** Made-up people (`made-up-faces.ts`) whose crops are drawn and embedded by a network's file. */
export async function drawnNetworks(file: Uint8Array): Promise<Networks> {
  const madeUp = madeUpNetworks()
  const faces: Networks['faces'] = async (picture, options) =>
    (await madeUp.faces(picture, options)).map((face) => ({
      ...face,
      crop: drawnCrop(face.crop.rgb[0]! * 256 + face.crop.rgb[1]!),
    }))
  return withNetwork({ ...madeUp, faces }, await networkOf(file, 'drawn', 1))
}
