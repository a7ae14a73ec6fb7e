import type { Values } from '../../learning/networks/initialise.ts'
import type { Network } from '../../learning/networks/network.ts'
import { random } from '../../learning/random.ts'
import { embedCrop } from '../../vision/embedder.ts'
import { networkOf } from '../../vision/network.ts'
import { traceNetwork } from '../export-network.ts'
import { atEqualRate, supportedRate, totals, errorsByPerson } from '../gate/paired.ts'
import type { Crops } from './network-crops.ts'
import { pairedAmong } from './pairing.ts'
import type { TrainingSet } from './training-set.ts'

const mostPeople = 30 // a look takes seconds: it interrupts the training

/**
 * How often held-out photographs of some people are refused by a network under training, where the lowest rate of
 * impostors passes that these people support. As the pipeline embeds, but unchecked: a curve to look at, not evidence.
 */
export function heldOutLook({
  set,
  crop,
  network,
  threads,
  wantedFmr,
  seed,
}: {
  set: TrainingSet
  crop: Crops['crop']
  network: Network
  threads: number
  wantedFmr: number
  seed: number
}): (parameters: Values) => Promise<Record<string, number>> {
  const judged = set.people.map((_, person) => person).filter((person) => set.heldOut[person]!.length > 0)
  const people = random(seed, 'held-out look').shuffled(judged).slice(0, mostPeople)
  const rows = people.flatMap((person) => [...set.training[person]!, ...set.heldOut[person]!])
  return async (parameters): Promise<Record<string, number>> => {
    const model = traceNetwork(network, { parameters, statistics: {} }, {})
    const net = await networkOf(model, 'under training', threads)
    const after = new Float32Array(set.vectors.length)
    try {
      for (const row of rows)
        after.set((await embedCrop(net, await crop(row))).embedding, row * set.dimension)
    } finally {
      await net.close()
    }
    const paired = pairedAmong({ set, before: set.vectors, after }, people)
    if (paired.genuine.people.length === 0 || paired.impostor.people.length === 0) return {}
    const rate = atEqualRate(paired, supportedRate(paired, wantedFmr))
    const { comparisons, after: errors } = totals(
      errorsByPerson([{ distances: paired.genuine, wrong: (side, distance) => !(distance <= rate[side]) }]),
    )
    return { heldOutFnmr: errors / comparisons }
  }
}
