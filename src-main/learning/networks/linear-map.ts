import { stage } from '../layers/composition.ts'
import type { Initialiser } from '../layers/layer.ts'
import { linear } from '../layers/linear.ts'
import { network, type Network } from './network.ts'

export interface LinearMapSettings {
  featuresLength: number
  embeddingLength: number
  /** The identity leaves a finished embedding as it is until training moves it. */
  initialiser?: Initialiser
}

/** A matrix after features that are already there: trains the recognition net's head, or a map of its embedding, at thousands of faces a second. */
export function linearMap({ featuresLength, embeddingLength, initialiser }: LinearMapSettings): Network {
  return network(
    {
      name: 'linear-map',
      source: 'Xing et al. 2003 and Weinberger and Saul 2009, in the form x·L',
      input: [featuresLength],
      embeddingLength,
    },
    [stage('head', linear('fc', featuresLength, embeddingLength, initialiser && { initialiser }))],
  )
}
