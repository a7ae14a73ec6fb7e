import type { Refusal } from '../../contract.ts'
import type { Network } from '../../vision/network.ts'
import { refused } from '../refusal.ts'
import { metadataOf } from './exported-model.ts'

export interface Rebuilt {
  kind: 'rebuilt'
  onnx: Uint8Array
  network: Network
  /** From what the numbers say; 0 where the file is, byte for byte, what is built of them here. */
  difference: number
}

/** What is built here of the numbers in a file; its session is not open yet, and nothing was compared. */
interface Built {
  kind: 'built'
  onnx: Uint8Array
  /** From what TensorFlow.js makes of the numbers, which takes it ten seconds. Throws where they make no embedding. */
  compared(): Promise<number>
}

/**
 * A recognition network built of the numbers in a file from elsewhere: nothing of the file itself is ever run, so that it
 * can hold no operation but ours. Refuses with 'other-shape', and with 'parity' where the numbers make no embedding.
 */
export async function rebuiltNetwork(file: Uint8Array, threads: number): Promise<Rebuilt | Refusal> {
  const [built, { networkOf }] = await Promise.all([builtOfNumbers(file), import('../../vision/network.ts')])
  if (built.kind === 'refused') return built
  const { onnx } = built
  // Another release writes the same numbers in another way: then they are compared.
  let difference = 0
  if (Buffer.compare(onnx, file) !== 0)
    try {
      difference = await built.compared()
    } catch {
      return notComputed // numbers so large that they make no embedding
    }
  return { kind: 'rebuilt', onnx, network: await networkOf(onnx, 'imported', threads), difference }
}

/** For who has no use for the comparison. Refuses with 'other-shape'. */
export async function builtOfNumbers(file: Uint8Array): Promise<Built | Refusal> {
  const [{ exportNetwork, traceNetwork }, { parametersFrom }, { recognitionNet }, tf] = await Promise.all([
    import('../../training/export-network.ts'),
    import('../../training/gallery-run/network/network-file.ts'),
    import('../../learning/networks/recognition-net.ts'),
    import('@tensorflow/tfjs'),
  ])
  tf.enableProdMode() // without its banner
  const net = recognitionNet()
  const { network: _name, source: _source, input: _input, ...notes } = metadataOf(file)
  let values
  try {
    values = { parameters: parametersFrom(file, net.parameters), statistics: {} }
    const isFinite = Object.values(values.parameters).every((numbers) => numbers.every(Number.isFinite))
    if (!isFinite) return otherShape
  } catch {
    return otherShape // its words are about the file's insides
  }
  const of = values
  await tf.setBackend('cpu')
  return {
    kind: 'built',
    onnx: traceNetwork(net, of, notes),
    compared: async () => (await exportNetwork(net, of, notes)).difference,
  }
}

const otherShape = refused(
  'other-shape',
  'The model in the file is not a recognition network of this shape: nothing was imported.',
)
const notComputed = refused(
  'parity',
  'The numbers in the file do not make the same embedding twice: nothing was imported.',
)
