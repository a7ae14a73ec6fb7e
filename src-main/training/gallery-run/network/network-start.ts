import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Gallery } from '../../../gallery/gallery.ts'
import { balancedWeights } from '../../../learning/networks/balanced-weights.ts'
import type { Values } from '../../../learning/networks/initialise.ts'
import type { Network } from '../../../learning/networks/network.ts'
import { recognitionWeights } from '../../../learning/networks/recognition-weights.ts'
import { mappedBy } from '../head/head.ts'
import { parametersFrom } from './network-file.ts'

/**
 * Parameters of the model `version` as one network: those of the network under it, of balanced size, and a head over it
 * multiplied into the last linear layer, which gives the same directions.
 */
export async function startFrom(gallery: Gallery, version: string, network: Network): Promise<Values> {
  const file = gallery.models.network(gallery.models.networkUnder(version))
  const parameters = balancedWeights(
    network,
    file ? parametersFrom(file, network.parameters) : await pretrainedParameters(),
  )
  const head = gallery.models.head(version)
  if (!head) return parameters
  const width = network.embeddingLength
  const last = parameters['fc.weights']!
  const folded = new Float32Array(last.length)
  for (let row = 0; row < last.length; row += width)
    folded.set(mappedBy(last.subarray(row, row + width), head), row)
  return { ...parameters, 'fc.weights': folded }
}

/** face-api's weights, from its npm package. */
async function pretrainedParameters(): Promise<Values> {
  const folder = dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json'))
  const file = (name: string) => readFile(join(folder, 'model', `face_recognition_model${name}`))
  const manifest: unknown = JSON.parse((await file('-weights_manifest.json')).toString())
  return recognitionWeights(manifest, await file('.bin'))
}
